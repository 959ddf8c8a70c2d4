"""No runner answers a halt: ops withdraws by its own hand, with a report and a proof of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from core.units import Ms
from infra import clock
from infra.redis import Db, client
from risk import selectors, services, venue
from risk.errors import HaltKept
from risk.halts import obeyed, wishes
from risk.halts.panel import Panel
from risk.halts.rescue import Rescue, unanswered, unheeded
from risk.models import HaltReport
from risk.services import MarketHaltCode, Withdrawn
from tests.risk.away import the_database_is_away
from tests.risk.conftest import MARKET, NOON, OPERATOR, acknowledge, after, halt
from tests.servers import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


class Hand:
    """Somebody who withdraws: says in order what it was told to say, the last of it again and again."""

    def __init__(self, *says: Withdrawn) -> None:
        self.says = list(says)
        self.asked: list[str | None] = []

    def __call__(self, market_id: str | None) -> Withdrawn:
        self.asked.append(market_id)
        return self.says.pop(0) if len(self.says) > 1 else self.says[0]


def withdrawn(
    found: int = 0,
    still_open: tuple[str, ...] | None = (),
    *,
    unknown: tuple[str, ...] = (),
    note: str | None = None,
) -> Withdrawn:
    return Withdrawn(found, still_open, unknown, after(-300), NOON, note)


@pytest.fixture
def hand() -> Iterator[Callable[..., Hand]]:
    before = venue.links.withdraw

    def register(*says: Withdrawn) -> Hand:
        made = Hand(*says)
        venue.register_withdraw(made)
        return made

    yield register
    venue.links.withdraw = before


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.show(NOON)

    def show(self, ms: int) -> None:
        self._monkeypatch.setattr(clock, "now_ms", lambda: Ms(ms))


@pytest.fixture
def at_noon(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A runner is enlisted, and the clock stands at noon."""
    services.enlist_runner("shard:0", at=NOON)
    return Clock(monkeypatch)


def look(rescue: Rescue, hand: Hand) -> None:
    """One look, and what it began is done."""
    asked = len(hand.asked)
    rescue.look()
    wait_until(lambda: len(hand.asked) > asked, what="the hand is asked")
    wait_until(lambda: rescue._acting is None or rescue._acting.done(), what="it is done")


def panel() -> Panel:
    found, _ = selectors.halt_panels()
    assert found is not None
    return found


def of_ops(found: Panel) -> tuple[int, int, bool | None, str]:
    (step,) = [step for step in found.steps if step.name == "ops"]
    return step.done, step.total, step.ok, step.label


def test_two_seconds_without_an_answer_are_enough(at_noon: Clock, hand: Callable[..., Hand]) -> None:
    halt()
    at_noon.show(after(1_999))
    assert unanswered() == []

    at_noon.show(after(2_000))

    assert len(unanswered()) == 1


def test_ops_withdraws_reports_and_proves_and_the_runner_still_owes_its_answer(
    at_noon: Clock, hand: Callable[..., Hand]
) -> None:
    halt()
    ours = hand(withdrawn(found=4), withdrawn())
    rescue = Rescue()
    at_noon.show(after(2_100))

    look(rescue, ours)
    assert of_ops(panel()) == (4, 4, None, "ops withdrew by itself, asked the venue: 0 open")
    look(rescue, ours)

    found = panel()
    assert of_ops(found)[2] is True
    assert found.proven_ms is None
    assert found.unproven == (
        "shard:0 did not answer within 2 s",
        "ops withdrew everything by itself: the venue, asked twice, has nothing of ours open",
    )
    rescue.look()
    assert len(ours.asked) == 2, "what is proven is not asked for again"


def test_a_runner_that_answers_in_the_end_proves_the_halt(at_noon: Clock, hand: Callable[..., Hand]) -> None:
    made = halt()
    ours = hand(withdrawn(found=1), withdrawn())
    rescue = Rescue()
    at_noon.show(after(2_100))
    look(rescue, ours)
    look(rescue, ours)

    acknowledge(made.round_id, at=after(9_000))
    for at in (after(9_400), after(9_800)):
        services.step_halt_report(
            round_id=made.round_id, runner="shard:0", at=at, cancelled=0, still_open=[], unknown=[]
        )
    assert services.prove_halt(round_id=made.round_id, runner="shard:0", at=after(9_900))

    assert panel().proven_ms == after(9_900)
    assert panel().unproven == ()


def test_what_ops_could_not_cancel_is_named(at_noon: Clock, hand: Callable[..., Hand]) -> None:
    halt()
    ours = hand(withdrawn(found=2, still_open=("0xaa",), unknown=("0xbb",)))
    rescue = Rescue()
    at_noon.show(after(2_100))

    for _ in range(3):
        look(rescue, ours)

    assert of_ops(panel())[:3] == (1, 2, None)
    assert panel().unproven[1:] == ("ops: order 0xbb is unknown", "ops: order 0xaa is still open")
    assert HaltReport.objects.get().proven is None


def test_on_paper_the_report_says_that_there_was_nothing_to_cancel(
    at_noon: Clock, hand: Callable[..., Hand]
) -> None:
    halt()
    ours = hand(withdrawn(still_open=None, note="on paper the venue lives in the trader"))
    at_noon.show(after(2_100))

    look(Rescue(), ours)

    assert of_ops(panel()) == (0, 0, None, "ops: on paper the venue lives in the trader")
    assert "ops: on paper the venue lives in the trader" in panel().unproven


def test_a_runner_that_answered_is_left_to_it(at_noon: Clock, hand: Callable[..., Hand]) -> None:
    made = halt()
    acknowledge(made.round_id)
    at_noon.show(after(60_000))

    assert unanswered() == []


@pytest.mark.usefixtures("redis")
def test_a_runner_that_answered_and_then_fell_silent_owes_its_answer_again(
    at_noon: Clock, hand: Callable[..., Hand]
) -> None:
    made = halt()
    acknowledge(made.round_id)
    client(Db.BUS).set("loop:shard:0", "1,1")
    at_noon.show(after(2_000))
    assert unanswered() == []

    client(Db.BUS).delete("loop:shard:0")

    assert len(unanswered()) == 1


def test_where_nobody_is_enlisted_nobody_owes_anything(
    monkeypatch: pytest.MonkeyPatch, hand: Callable[..., Hand]
) -> None:
    watch = Clock(monkeypatch)
    halt()
    watch.show(after(60_000))

    assert unanswered() == []


def test_of_a_markets_halt_that_markets_orders_are_withdrawn(
    at_noon: Clock, hand: Callable[..., Hand]
) -> None:
    services.halt_market(market_id=MARKET, code=MarketHaltCode.MANUAL, detail="odd", by=OPERATOR, at=NOON)
    ours = hand(withdrawn(found=2), withdrawn())
    rescue = Rescue()
    at_noon.show(after(2_100))

    look(rescue, ours)
    look(rescue, ours)

    assert ours.asked == [MARKET, MARKET]
    assert HaltReport.objects.get().proven is not None
    assert unanswered() == []


@pytest.fixture
def state(settings: Settings, tmp_path: Path) -> None:
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"state_dir": tmp_path})


def kept_halt() -> str:
    """A halt that the database did not take; its wish's id."""
    with the_database_is_away(), pytest.raises(HaltKept):
        halt()
    (wanted,) = wishes.kept()
    return wanted.wish_id


@pytest.mark.usefixtures("state", "redis")
def test_of_a_kept_halt_that_no_runner_obeys_ops_withdraws_and_says_so(
    at_noon: Clock, hand: Callable[..., Hand]
) -> None:
    """A trader that hangs in the middle of a write to SQLite: nobody can write, there is no round to report on."""
    wish_id = kept_halt()
    ours = hand(withdrawn(found=5), withdrawn())
    rescue = Rescue()
    at_noon.show(after(1_999))
    assert unheeded(wishes.kept()) == []
    at_noon.show(after(2_100))

    look(rescue, ours)
    look(rescue, ours)

    assert ours.asked == [None, None]
    assert obeyed.sentences(wish_id) == ("ops withdrew by itself at the venue, 5 found, then 0 open",)
    report = selectors.control()["report"]
    assert isinstance(report, dict)
    assert report["unproven"][1:] == ["ops withdrew by itself at the venue, 5 found, then 0 open"]


@pytest.mark.usefixtures("state", "redis")
def test_a_kept_halt_that_a_runner_obeys_is_left_to_it(at_noon: Clock) -> None:
    obeyed.say(kept_halt(), "shard:0", "has stopped, with 4 orders open then")
    at_noon.show(after(60_000))

    assert unheeded(wishes.kept()) == []


@pytest.mark.usefixtures("state")
def test_without_redis_nobody_is_known_to_obey_and_ops_withdraws(
    at_noon: Clock, hand: Callable[..., Hand]
) -> None:
    kept_halt()
    ours = hand(withdrawn(found=5))
    at_noon.show(after(2_100))

    look(Rescue(), ours)

    assert ours.asked == [None]
