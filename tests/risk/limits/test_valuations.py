"""Equity over time: the day's start, profit by period, the daily loss, and thinning."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from core.units import Ms, Usdc
from infra.append_only import FactChanged
from infra.clock import to_ms
from risk import notify, selectors, services, watchdog
from risk.halts.silence import Silence
from risk.models import DayStart, Valuation
from risk.services import HaltCode
from tests.risk.conftest import DAY_MS, NOON, OPERATOR, halt, value
from tests.spoken import lines

pytestmark = pytest.mark.django_db

LIMIT = Usdc(200_000_000)
MIDNIGHT = Ms(NOON - NOON % DAY_MS + DAY_MS)


def at(text: str) -> Ms:
    return to_ms(datetime.fromisoformat(text).replace(tzinfo=UTC))


def usdc(amount: str) -> int:
    return round(float(amount) * 1_000_000)


def test_the_first_valuation_of_a_utc_day_is_its_start() -> None:
    value("10000", at=Ms(MIDNIGHT - 1))
    value("10007", at=Ms(MIDNIGHT + 3))
    value("10050", at=Ms(MIDNIGHT + 9000))

    start = selectors.day_start(1, at=Ms(MIDNIGHT + 9000))
    assert start is not None
    assert (start.equity, start.at_ms) == (usdc("10007"), MIDNIGHT + 3)


def test_a_days_start_is_never_changed() -> None:
    value("10000", at=NOON)
    start = DayStart.objects.get()
    start.equity = 0

    with pytest.raises(FactChanged):
        start.save()
    with pytest.raises(FactChanged):
        start.delete()
    with pytest.raises(FactChanged):
        DayStart.objects.update(equity=0)
    with pytest.raises(FactChanged):
        DayStart.objects.all().delete()


def test_profit_is_counted_by_day_week_and_month() -> None:
    value("10000", at=at("2025-10-31 10:00"))  # a Friday, last month
    value("10010", at=at("2025-11-01 10:00"))  # Saturday: the month's start
    value("10030", at=at("2025-11-03 00:00"))  # Monday: the week's start
    value("10100", at=at("2025-11-05 00:00:02"))
    value("10101.5", at=at("2025-11-05 15:00"), realized="1")

    profits = selectors.profits(1)

    assert profits is not None
    assert profits.today is not None
    assert profits.week is not None
    assert profits.month is not None
    assert profits.today.total == usdc("1.5")
    assert profits.today.realized == usdc("1")
    assert profits.week.total == usdc("71.5")
    assert profits.month.total == usdc("91.5")


def test_a_deposit_is_no_profit() -> None:
    value("10000", at=NOON, deposited="10000")
    value("15005", at=Ms(NOON + 1000), deposited="15000")

    profits = selectors.profits(1)

    assert profits is not None
    assert profits.today is not None
    assert profits.today.total == usdc("5")


def test_without_a_valuation_there_is_no_profit() -> None:
    assert selectors.profits(1) is None
    assert selectors.day_start(1, at=NOON) is None
    assert selectors.account_valued_last() is None


def test_the_curve_keeps_the_last_and_the_lowest_of_each_stretch() -> None:
    for minute, equity in enumerate(["10000", "9990", "10005", "10010"]):
        value(equity, at=Ms(NOON + minute * 60_000))
    value("1", at=Ms(NOON + 60_000), account_id=2)

    curve = selectors.equity_curve(1, since=NOON, until=Ms(NOON + 180_000), points=2)

    assert [(point.at_ms - NOON, point.equity, point.low) for point in curve][-1] == (
        180_000, usdc("10010"), usdc("10010"),
    )  # fmt: skip
    assert min(point.low for point in curve) == usdc("9990")
    assert curve[-1].profit == usdc("10")
    assert len(curve) <= 3


@pytest.mark.parametrize(
    ("equities", "trips"),
    [
        (["9800", "9799", "9790"], True),
        (["9800", "9799"], False),
        (["9799", "9801", "9799", "9799"], False),
        (["9801", "9800", "9800", "9800"], True),
        (["9800", "9800", "9800", "9800.000001"], False),
    ],
)
def test_three_valuations_in_a_row_trip_the_daily_loss(equities: list[str], *, trips: bool) -> None:
    value("10000", at=NOON)
    for number, equity in enumerate(equities, 1):
        value(equity, at=Ms(NOON + number * 2000))

    why = services.trip_daily_loss(account_id=1, limit=LIMIT, at=Ms(NOON + len(equities) * 2000))

    assert (why is not None) is trips


def test_a_burst_of_valuations_is_not_three_in_a_row_two_seconds_apart() -> None:
    value("10000", at=NOON)
    for number in range(5):
        value("9700", at=Ms(NOON + 2000 + number * 100))

    assert services.trip_daily_loss(account_id=1, limit=LIMIT, at=Ms(NOON + 3000)) is None


def test_yesterdays_loss_does_not_trip_today() -> None:
    value("10000", at=NOON)
    for number in range(3):
        value("9700", at=Ms(MIDNIGHT - 5000 + number * 2000))
    value("9700", at=MIDNIGHT)

    assert services.trip_daily_loss(account_id=1, limit=LIMIT, at=MIDNIGHT) is None


def lose(amount_left: str, *, at_ms: Ms) -> None:
    value("10000", at=Ms(at_ms - 10_000))
    for back in (4000, 2000, 0):
        value(amount_left, at=Ms(at_ms - back))


def test_the_watchdog_halts_on_the_daily_loss_and_says_the_numbers() -> None:
    lose("9790.5", at_ms=NOON)

    watchdog.watch(at=NOON, daily_loss=LIMIT)
    watchdog.watch(at=Ms(NOON + 1000), daily_loss=LIMIT)

    halted = selectors.halt_in_force()
    assert halted is not None
    assert (halted.code, halted.pressed, halted.by) == ("daily_loss_exceeded", 1, "watchdog")
    assert halted.detail == "lost 209.5 of 200 USDC today, 3 valuations in a row"


def test_the_daily_loss_halt_ends_at_midnight_utc() -> None:
    lose("9700", at_ms=NOON)
    watchdog.watch(at=NOON, daily_loss=LIMIT)

    watchdog.watch(at=Ms(MIDNIGHT - 1), daily_loss=LIMIT)
    assert selectors.halt_in_force() is not None

    watchdog.watch(at=MIDNIGHT, daily_loss=LIMIT)
    assert selectors.halt_in_force() is None


def test_midnight_does_not_end_what_an_operator_halted() -> None:
    services.halt_trading(code=HaltCode.DAILY_LOSS, detail="lost", by=OPERATOR, at=NOON)
    halt("stay down", at=Ms(NOON + 1000))

    watchdog.watch(at=MIDNIGHT, daily_loss=LIMIT)

    assert selectors.halt_in_force() is not None


@pytest.fixture
def told_about() -> Iterator[list[str]]:
    """The warnings that people are told, by their codes."""
    codes: list[str] = []

    def tell(code: str, _text: str, _about: str) -> None:
        codes.append(code)

    notify.tellers.append(tell)
    yield codes
    notify.tellers.remove(tell)


def test_half_and_four_fifths_of_the_daily_loss_are_told_once(told_about: list[str]) -> None:
    warnings = watchdog.LossWarnings()
    lose("9899", at_ms=NOON)
    for second in range(3):
        warnings.look(at=Ms(NOON + second * 1000), limit=LIMIT)
    assert told_about == ["daily_loss_half"]

    lose("9840", at_ms=Ms(NOON + 20_000))
    for second in range(3):
        warnings.look(at=Ms(NOON + 20_000 + second * 1000), limit=LIMIT)

    assert told_about == ["daily_loss_half", "daily_loss_near"]


def test_a_single_phantom_valuation_neither_warns_nor_trips(told_about: list[str]) -> None:
    value("10000", at=Ms(NOON - 10_000))
    for back, equity in ((6000, "10000"), (4000, "9000"), (2000, "10000"), (0, "10000")):
        value(equity, at=Ms(NOON - back))

    watchdog.LossWarnings().look(at=NOON, limit=LIMIT)
    watchdog.watch(at=NOON, daily_loss=LIMIT)

    assert told_about == []
    assert selectors.halt_in_force() is None


def test_a_new_day_warns_anew(told_about: list[str]) -> None:
    warnings = watchdog.LossWarnings()
    lose("9899", at_ms=NOON)
    warnings.look(at=NOON, limit=LIMIT)
    lose("9700", at_ms=Ms(MIDNIGHT + 20_000))

    warnings.look(at=Ms(MIDNIGHT + 20_000), limit=LIMIT)

    assert told_about == ["daily_loss_half", "daily_loss_half", "daily_loss_near"]


def test_a_runner_that_values_nothing_for_twenty_seconds_is_told_once(told_about: list[str]) -> None:
    silence = Silence()
    services.enlist_runner("shard:0", at=Ms(NOON - 60_000))
    value("10000", at=Ms(NOON - 19_000))
    silence.look(at=NOON)
    assert told_about == []

    for second in (2, 3, 4):
        silence.look(at=Ms(NOON + second * 1000))

    assert told_about == ["runner_silent"]


def test_a_runner_that_has_just_begun_or_ended_in_good_order_is_not_silent(told_about: list[str]) -> None:
    services.enlist_runner("shard:0", at=Ms(NOON - 5_000))
    services.enlist_runner("shard:1", at=Ms(NOON - 60_000))
    services.dismiss_runner("shard:1", at=Ms(NOON - 30_000))

    Silence().look(at=NOON)

    assert told_about == []


def test_old_valuations_are_thinned_to_one_a_minute() -> None:
    for second in range(0, 180, 20):
        value("10000", at=Ms(NOON + second * 1000))
    value("10001", at=Ms(NOON + 2 * DAY_MS))
    value("10002", at=Ms(NOON + 2 * DAY_MS + 1))

    assert services.thin_valuations(at=Ms(NOON + 2 * DAY_MS + 2), batch=4) == 4
    assert services.thin_valuations(at=Ms(NOON + 2 * DAY_MS + 2), batch=4) == 2
    assert services.thin_valuations(at=Ms(NOON + 2 * DAY_MS + 2), batch=4) == 0

    kept = [moment - NOON for moment in Valuation.objects.order_by("at_ms").values_list("at_ms", flat=True)]
    assert kept == [40_000, 100_000, 160_000, 2 * DAY_MS, 2 * DAY_MS + 1]


@pytest.mark.django_db
def test_a_day_that_is_over_is_said_once_with_what_it_earned() -> None:
    with lines() as said:
        value("10000", at=NOON)
        value("10012", at=Ms(MIDNIGHT - 1_000))
        value("10020", at=MIDNIGHT, deposited="10005", realized="7")
        value("10021", at=Ms(MIDNIGHT + 1_000), deposited="10005", realized="7")

    (line,) = [each for each in said if each.get("event_type") == "pnl_daily"]
    assert (line["total"], line["realized"], line["equity"]) == ("15", "7", "10020")
    assert line["day"] == datetime.fromtimestamp(NOON / 1000, UTC).date().isoformat()
