"""The proof of a halt: what was reported, what is named as unproven, and what the database refuses."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from core.units import Ms
from infra import clock
from infra.clock import to_datetime
from risk import selectors, services
from risk.halts.panel import Panel
from risk.models import HaltReport
from risk.services import MarketHaltCode
from tests.risk.conftest import MARKET, NOON, OPERATOR, acknowledge, after, halt

pytestmark = pytest.mark.django_db


@pytest.fixture
def at_noon(monkeypatch: pytest.MonkeyPatch) -> "Clock":
    return Clock(monkeypatch)


class Clock:
    """Sets what ``infra.clock`` shows, at a given speed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.show(NOON)

    def show(self, ms: int) -> None:
        self._monkeypatch.setattr(clock, "now_ms", lambda: ms)


def step(
    round_id: int,
    *,
    at: int,
    cancelled: int = 0,
    still_open: list[str] | None = None,
    unknown: list[str] | None = None,
    runner: str = "shard:0",
) -> None:
    services.step_halt_report(
        round_id=round_id,
        runner=runner,
        at=Ms(at),
        cancelled=cancelled,
        still_open=still_open,
        unknown=unknown or [],
    )


def prove(round_id: int, *, at: int, runner: str = "shard:0") -> bool:
    return services.prove_halt(round_id=round_id, runner=runner, at=Ms(at))


def panel() -> Panel:
    found, _ = selectors.halt_panels()
    assert found is not None
    return found


def steps(found: Panel) -> dict[str, tuple[int, int, bool | None]]:
    return {each.name: (each.done, each.total, each.ok) for each in found.steps}


@pytest.fixture
def shard() -> None:
    services.enlist_runner("shard:0", at=NOON)


@pytest.mark.usefixtures("shard", "at_noon")
def test_two_clean_answers_and_the_delay_make_a_proof() -> None:
    made = halt()
    services.acknowledge_halt(
        round_id=made.round_id,
        runner="shard:0",
        at=after(40),
        orders_open=7,
        last_sent_at=after(-300),
        provable_from=after(1700),
    )
    step(made.round_id, at=after(300), cancelled=7, still_open=[])
    assert not prove(made.round_id, at=after(1800)), "one clean answer is not two"
    step(made.round_id, at=after(800), cancelled=7, still_open=[])
    assert not prove(made.round_id, at=after(1600)), "an order under way could still appear"

    assert prove(made.round_id, at=after(1700))

    found = panel()
    assert found.proven_ms == after(1700)
    assert found.unproven == ()
    assert steps(found) == {
        "committed": (1, 1, True),
        "stopped": (1, 1, True),
        "cancelled": (7, 7, True),
        "asked": (1, 1, True),
        "proven": (1, 1, True),
    }
    assert [each.took_ms for each in found.steps[1:]] == [40, 300, 800, 1700]


@pytest.mark.usefixtures("shard", "at_noon")
def test_an_open_order_breaks_the_row_of_clean_answers() -> None:
    made = halt()
    acknowledge(made.round_id, orders_open=2)
    step(made.round_id, at=after(100), cancelled=2, still_open=[])
    step(made.round_id, at=after(200), cancelled=1, still_open=["0xaa"])
    step(made.round_id, at=after(300), cancelled=2, still_open=[])

    assert not prove(made.round_id, at=after(400))

    step(made.round_id, at=after(500), cancelled=2, still_open=[])
    assert prove(made.round_id, at=after(600))
    assert prove(made.round_id, at=after(700)), "a proof stays"


@pytest.mark.usefixtures("shard", "at_noon")
def test_an_unknown_order_is_named_and_forbids_the_proof() -> None:
    made = halt()
    acknowledge(made.round_id, orders_open=1)
    for at in (100, 200, 300):
        step(made.round_id, at=after(at), still_open=[], unknown=["0xbeef"])

    assert not prove(made.round_id, at=after(400))
    assert panel().unproven == ("order 0xbeef is unknown",)


@pytest.mark.usefixtures("shard")
def test_a_runner_that_does_not_answer_in_two_seconds_is_named(at_noon: Clock) -> None:
    services.enlist_runner("shard:1", at=NOON)
    made = halt()
    acknowledge(made.round_id, runner="shard:0")
    at_noon.show(after(1999))
    assert panel().unproven == ()
    assert steps(panel())["stopped"] == (1, 2, None)

    at_noon.show(after(2000))

    assert panel().unproven == ("shard:1 did not answer within 2 s",)
    assert steps(panel())["stopped"] == (1, 2, False)


@pytest.mark.usefixtures("shard")
def test_two_seconds_are_real_whatever_the_clocks_speed(
    at_noon: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "speed", lambda: 20)
    halt()

    at_noon.show(after(39_000))
    assert panel().unproven == ()
    at_noon.show(after(40_000))
    assert panel().unproven == ("shard:0 did not answer within 2 s",)


def test_nobody_enlisted_is_no_proof(at_noon: Clock) -> None:
    halt()
    at_noon.show(after(5000))

    assert panel().proven_ms is None
    assert panel().unproven == ("no runner answered within 2 s",)


@pytest.mark.usefixtures("shard", "at_noon")
def test_a_dismissed_runner_owes_nothing_and_a_crashed_one_still_does() -> None:
    services.enlist_runner("shard:1", at=NOON)
    services.dismiss_runner("shard:1", at=NOON)

    assert halt().expected == ("shard:0",)

    services.enlist_runner("shard:1", at=NOON)
    assert halt().expected == ("shard:0", "shard:1")


@pytest.mark.usefixtures("shard", "at_noon")
def test_a_new_round_is_proven_by_itself() -> None:
    first = halt()
    acknowledge(first.round_id)
    for at in (100, 200):
        step(first.round_id, at=after(at), still_open=[])
    assert prove(first.round_id, at=after(300))

    halt("once more", at=after(5000))

    assert panel().round_number == 2
    assert panel().proven_ms is None


@pytest.mark.usefixtures("shard", "at_noon")
def test_a_runner_that_restarts_answers_again_without_harm() -> None:
    made = halt()
    acknowledge(made.round_id, orders_open=3)
    step(made.round_id, at=after(100), cancelled=3, still_open=[])

    acknowledge(made.round_id, at=after(4000), orders_open=0)

    report = HaltReport.objects.get()
    assert (report.orders_open, report.clean_answers) == (3, 0)
    assert report.acked == to_datetime(NOON)


@pytest.mark.usefixtures("at_noon")
def test_the_database_refuses_a_proof_that_is_none() -> None:
    made = halt()
    acknowledge(made.round_id)

    with pytest.raises(IntegrityError), transaction.atomic():
        HaltReport.objects.filter(round_id=made.round_id).update(proven=to_datetime(NOON))


@pytest.mark.usefixtures("at_noon")
def test_one_answer_is_enough_for_a_market() -> None:
    services.enlist_runner("shard:0", at=NOON)
    services.enlist_runner("shard:1", at=NOON)
    made = services.halt_market(
        market_id=MARKET, code=MarketHaltCode.MANUAL, detail="odd", by=OPERATOR, at=NOON
    )
    acknowledge(made.round_id, runner="shard:1")
    for at in (100, 200):
        step(made.round_id, at=after(at), still_open=[], runner="shard:1")

    assert prove(made.round_id, at=after(300), runner="shard:1")

    control: dict[str, Any] = selectors.control()
    assert control["market_halts"][0]["report"]["proven_ms"] == after(300)


@pytest.mark.usefixtures("shard", "at_noon")
def test_the_control_state_is_what_the_console_reads() -> None:
    assert selectors.control() == {
        "halt": None,
        "recorded": True,
        "report": None,
        "market_halts": [],
        "arming": {"needed": False},
    }

    made = halt("feed looks wrong")

    control: dict[str, Any] = selectors.control()
    assert control["halt"] == {
        "id": made.halt_id,
        "reason": "manual_halt",
        "detail": "feed looks wrong",
        "by": "olga",
        "began_ms": NOON,
        "pressed": 1,
    }
    assert control["report"]["halt_id"] == made.halt_id
    names = [each["name"] for each in control["report"]["steps"]]
    assert names == ["committed", "stopped", "cancelled", "asked", "proven"]
