"""The control state: what stands still, also what the database has not taken yet, and that this is not hidden."""

from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from risk import selectors, services
from risk.errors import HaltKept
from risk.services import MarketHaltCode
from tests.risk.away import the_database_is_away
from tests.risk.conftest import MARKET, NOON, OPERATOR, acknowledge, halt

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis")]


@pytest.fixture(autouse=True)
def state(settings: Settings, tmp_path: Path) -> None:
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"state_dir": tmp_path})


def press_without_database() -> None:
    with the_database_is_away(), pytest.raises(HaltKept):
        halt("feed looks wrong")


def told() -> Any:
    return selectors.control()


def test_nothing_stopped_is_told_as_nothing() -> None:
    assert told() == {
        "recorded": True,
        "halt": None,
        "report": None,
        "market_halts": [],
        "arming": {"needed": False},
    }


def test_a_halt_without_its_row_is_in_force_and_said_to_be_unrecorded() -> None:
    press_without_database()

    state = told()

    assert state["recorded"] is False
    assert state["halt"] == {
        "id": None, "pressed": 0, "reason": "manual_halt", "detail": "feed looks wrong", "by": "olga", "began_ms": NOON,
    }  # fmt: skip
    assert state["report"]["proven_ms"] is None
    assert state["report"]["unproven"][0].startswith("not recorded yet")


def test_once_it_is_a_row_it_is_told_as_any_other() -> None:
    press_without_database()

    services.record_wishes(selectors.kept_halts())

    state = told()
    assert state["recorded"] is True
    assert state["halt"]["id"] is not None
    assert state["halt"]["pressed"] == 1


def test_pressing_again_without_the_database_hides_nothing_of_the_halt_in_force() -> None:
    made = halt("first")
    acknowledge(made.round_id)

    press_without_database()

    state = told()
    assert state["recorded"] is True
    assert state["halt"]["detail"] == "first"


def test_a_market_halted_without_the_database_is_told_too() -> None:
    with the_database_is_away(), pytest.raises(HaltKept):
        services.halt_market(market_id=MARKET, code=MarketHaltCode.MANUAL, detail="odd", by=OPERATOR, at=NOON)

    (stopped,) = told()["market_halts"]

    assert stopped["market_id"] == MARKET
    assert stopped["report"]["unproven"][0].startswith("not recorded yet")
