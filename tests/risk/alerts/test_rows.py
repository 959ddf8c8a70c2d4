"""Alerts as rows: raised once while in force, over by themselves or with a person's word."""

import threading

import pytest
from django.db import connection

from infra import clock
from infra.clock import to_datetime
from risk import services
from risk.alerts import finders, own, rows
from risk.alerts.catalogue import AlertCode
from risk.alerts.finders import Found
from risk.alerts.watch import Watch
from risk.errors import AlertOver, NotAllowed, UnknownAlert
from risk.models import Alert, Audit, Breaker, Severity
from tests.risk.conftest import MARKET, NOON, OPERATOR, VIEWER, after, halt, value

pytestmark = pytest.mark.django_db


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[Found]:
    """What the only finder finds."""
    told: list[Found] = []
    monkeypatch.setattr(finders, "_finders", {"test": lambda _at: list(told)})
    return told


def moving(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    now = [0]
    monkeypatch.setattr(clock, "monotonic_ms", lambda: now[0])
    return now


def test_a_condition_is_one_row_from_its_beginning_to_its_end(found: list[Found]) -> None:
    watch = Watch()
    found.append(Found(AlertCode.ORDER_UNKNOWN, "an order is unknown", "m1", market_id="m1"))
    for _ in range(3):
        watch.look()
    row = Alert.objects.get()
    assert (row.key, row.times, row.ended, row.severity) == ("order_unknown:m1", 1, None, Severity.P1)

    found.clear()
    watch.look()
    assert Alert.objects.get().ended is not None

    found.append(Found(AlertCode.ORDER_UNKNOWN, "again", "m1"))
    watch.look()
    assert Alert.objects.count() == 2


def test_what_flickers_is_neither_raised_nor_ended(
    found: list[Found], monkeypatch: pytest.MonkeyPatch
) -> None:
    now, watch, stale = (
        moving(monkeypatch),
        Watch(),
        Found(AlertCode.SOURCE_STALE, "Source stale: steam", "steam"),
    )
    for moment, there in ((0, True), (4_000, True), (4_500, False), (5_000, True), (9_000, True)):
        now[0], found[:] = moment, [stale] if there else []
        watch.look()
    assert not Alert.objects.exists(), "never five seconds without a break"

    now[0] = 10_000
    watch.look()
    found.clear()
    for moment in (11_000, 20_000):
        now[0] = moment
        watch.look()
    assert Alert.objects.get().ended is None, "gone for nine seconds only"

    now[0] = 21_000
    watch.look()
    assert Alert.objects.get().ended is not None


def test_a_finder_that_fails_ends_nothing_and_blinds_no_other(
    found: list[Found], monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch()
    found.append(Found(AlertCode.ORDER_UNKNOWN, "an order is unknown", "m1"))
    watch.look()

    def broken(_at: int) -> list[Found]:
        raise OSError("no database")

    monkeypatch.setattr(
        finders, "_finders", {"broken": broken, "other": lambda _at: [Found(AlertCode.DISK_LOW, "disk")]}
    )
    with pytest.raises(ExceptionGroup):
        watch.look()

    assert set(Alert.objects.filter(ended__isnull=True).values_list("code", flat=True)) == {
        "order_unknown",
        "disk_low",
    }


def test_a_moment_is_raised_once_and_over_when_seen_to() -> None:
    made = rows.raise_alert(AlertCode.FILL_REVERSED, "a fill failed", at=NOON, about="f1")
    assert made is not None

    rows.acknowledge(made.pk, by=OPERATOR, at=after(1_000))

    row = Alert.objects.get()
    assert row.ended == row.acknowledged == to_datetime(after(1_000))
    assert rows.raise_alert(AlertCode.FILL_REVERSED, "a fill failed", at=after(2_000), about="f1") is None
    link = Audit.objects.get()
    assert (link.what, link.who, link.target) == ("acknowledge", "olga", str(row.pk))


def test_a_condition_seen_to_goes_on_until_its_cause_is_gone() -> None:
    made = rows.raise_alert(AlertCode.KILL_SWITCH, "Kill switch activated: x", at=NOON, about="1")
    assert made is not None

    rows.acknowledge(made.pk, by=OPERATOR, at=after(1_000))
    rows.acknowledge(made.pk, by=OPERATOR, at=after(2_000))

    row = Alert.objects.get()
    assert (row.acknowledged, row.ended) == (to_datetime(after(1_000)), None)
    assert Audit.objects.count() == 1, "again says nothing new"


def test_who_may_not_and_what_is_not_there() -> None:
    made = rows.raise_alert(AlertCode.DISK_LOW, "disk", at=NOON)
    assert made is not None
    with pytest.raises(NotAllowed):
        rows.acknowledge(made.pk, by=VIEWER, at=NOON)
    with pytest.raises(UnknownAlert):
        rows.acknowledge(made.pk + 1, by=OPERATOR, at=NOON)
    rows.clear_alert(made.key, at=NOON)
    with pytest.raises(AlertOver):
        rows.acknowledge(made.pk, by=OPERATOR, at=NOON)


@pytest.mark.django_db(transaction=True)
def test_two_who_raise_the_same_at_once_make_one_row() -> None:
    begin = threading.Barrier(4)

    def act() -> None:
        begin.wait(10)
        rows.raise_alert(AlertCode.DISK_LOW, "disk", at=NOON)
        connection.close()

    threads = [threading.Thread(target=act, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert Alert.objects.filter(ended__isnull=True).count() == 1


def test_risks_own_rows_are_found_in_the_agreed_words() -> None:
    halt("feed looks wrong")
    services.halt_market(
        market_id=MARKET, code=services.MarketHaltCode.STEP_FAILED, detail="ValueError", by=OPERATOR, at=NOON
    )
    services.halt_market(
        market_id="0xother", code=services.MarketHaltCode.MANUAL, detail="odd", by=OPERATOR, at=NOON
    )
    Breaker.objects.create(
        market_id=MARKET, code="rejects", detail="3 in a row", tripped=1, opened=to_datetime(NOON),
        until=to_datetime(after(300_000)),
    )  # fmt: skip

    told = [each.text for find in (own.halts, own.breakers) for each in find(NOON)]

    assert told == [
        "Kill switch activated: manual_halt (feed looks wrong)",
        "Halt not proven: no runner answered within 2 s",
        "Market halted: step_failed (ValueError)",
        "Circuit breaker opened: rejects (3 in a row)",
    ]


@pytest.mark.parametrize(
    ("equity", "code"),
    [("9901", None), ("9900", "daily_loss_half"), ("9840.5", "daily_loss_half"), ("9840", "daily_loss_near")],
)
def test_half_of_the_daily_loss_and_four_fifths_of_it_are_told(equity: str, code: str | None) -> None:
    value("10000", at=NOON)
    for step in (2_000, 4_000, 6_000):
        value(equity, at=after(step))

    assert [each.code.value for each in own.daily_loss(after(6_000))] == ([] if code is None else [code])
