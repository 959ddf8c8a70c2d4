"""Goal: every procedure of the runbook works as it is written, and no order leaves before somebody armed.

Method: one stack as it is before real money moves, at the simulated venue, whose own list of orders is the witness. It
is started, armed, operated, disarmed, ended and mourned as the page says; the tests go on where the one before ended.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest

from tests.runbook.blocks import Block, blocks
from tests.runbook.rehearsed import Desk, Rehearsed, a_desk, carried_out, carried_out_all, started
from tests.servers import wait_until

FIRST: Final = "Live"  # before the first start
ARMS: Final = "Arm"
DISARMS: Final = ("Disarm", "Planned and graceful")
WITHIN_S: Final = 120

BLOCKS: Final = [block for block in blocks() if not block.live]
WHILE_IT_TRADES: Final = [each for each in BLOCKS if not (each.armed or each.last or each.stopped)]
AT_THE_END: Final = [block for block in BLOCKS if block.last]
AFTER_THE_END: Final = [block for block in BLOCKS if block.stopped]

# Under pytest's own limit, after which it dumps every thread and ends the whole run.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(280)]


def of(*sections: str) -> list[Block]:
    return [block for block in BLOCKS if block.armed and block.section in sections]


def soon(true: Callable[[], object], what: str) -> None:
    wait_until(lambda: bool(true()), what=what, timeout_s=WITHIN_S)


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    """Not pytest's own folder: a unix socket's path has 108 bytes."""
    state = Path(tempfile.mkdtemp(prefix="pl-book-"))
    try:
        with a_desk(state) as found:
            yield found
    finally:
        shutil.rmtree(state, ignore_errors=True)


@pytest.fixture(scope="module")
def prepared(desk: Desk) -> Desk:
    """As an operator leaves it before the first start."""
    wrong = carried_out_all(of(FIRST), desk.shell)
    assert wrong == [], "\n\n".join(wrong)
    return desk


@pytest.fixture(scope="module")
def unarmed(prepared: Desk) -> Iterator[Rehearsed]:
    with started(prepared) as found:
        yield found


@pytest.fixture(scope="module")
def armed(unarmed: Rehearsed) -> Rehearsed:
    """Armed as the page says, and trading with the wallet."""
    wrong = carried_out_all(of(ARMS), unarmed.shell)
    assert wrong == [], "\n\n".join(wrong)
    soon(unarmed.resting, "orders rest at the venue")
    soon(lambda: "polyloly_fills_total{" in unarmed.stack.get("/metrics")[1], "a fill")
    return unarmed


def test_it_is_prepared_by_the_runbook(prepared: Desk) -> None:
    assert (prepared.state / "var").is_dir()


def test_nothing_leaves_before_somebody_arms(unarmed: Rehearsed) -> None:
    soon(lambda: unarmed.decided() > 0, "the paper account trades")

    assert unarmed.taken() == 0


def test_armed_by_the_runbook_orders_reach_the_venue(armed: Rehearsed) -> None:
    assert armed.taken() > 0


def test_profit_of_a_stack_that_trades_adds_up_whatever_way_it_is_asked_for(armed: Rehearsed) -> None:
    soon(lambda: (armed.asked("/api/v1/pnl/report") or {}).get("cells"), "profit")

    told = armed.asked("/api/v1/pnl/report")

    for way in ("cells", "markets", "strategies", "days", "weeks", "months"):
        sums = [sum(Decimal(row[part]) for row in told[way]) for part in ("realized", "unrealized", "total")]
        assert sums == [Decimal(told["total"][part]) for part in ("realized", "unrealized", "total")], way
    assert told["identity"]["gap"] == "0"


@pytest.mark.parametrize("block", WHILE_IT_TRADES, ids=str)
def test_a_block_works_on_a_stack_that_trades(armed: Rehearsed, block: Block) -> None:
    wrong = carried_out(block, armed.shell)

    assert wrong is None, wrong


def test_disarmed_by_the_runbook_what_rests_goes_and_none_leaves(armed: Rehearsed) -> None:
    wrong = carried_out_all(of(*DISARMS), armed.shell)
    assert wrong == [], "\n\n".join(wrong)
    soon(lambda: not armed.resting(), "what rested is withdrawn")
    taken, decided = armed.taken(), armed.decided()

    soon(lambda: armed.decided() != decided, "the paper account trades again")

    assert (armed.taken(), armed.resting()) == (taken, [])


@pytest.mark.parametrize("block", AT_THE_END, ids=str)
def test_a_block_of_the_end_works(armed: Rehearsed, block: Block) -> None:
    wrong = carried_out(block, armed.shell)

    assert wrong is None, wrong


def test_the_launcher_ended_well(armed: Rehearsed) -> None:
    assert armed.stack.process.wait(20) == 0
    assert armed.resting() == []


@pytest.mark.parametrize("block", AFTER_THE_END, ids=str)
def test_a_block_for_a_stopped_stack_works(armed: Rehearsed, block: Block) -> None:
    wrong = carried_out(block, armed.shell)

    assert wrong is None, wrong
