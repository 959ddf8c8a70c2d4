"""Goal: live trading is started, armed, disarmed and ended as the runbook says, and no order leaves unarmed.

Method: one stack in rehearsal mode that must be armed: the same gates as real money, at the simulated venue, whose own
list of the wallet's orders is the witness. The blocks marked ``live armed`` run in the order of the page, and so do
the tests: each goes on where the one before it ended.
"""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from polyloly_site import keys
from tests.ports import free_port
from tests.receivers import receiver
from tests.runbook.blocks import Block, blocks
from tests.runbook.test_it_runs import TOKENS, carried_out, environment
from tests.servers import wait_until
from tests.stacks import Stack, running

MODE: Final = {"VENUE": "simulator", "PAPER_TRADING": "false", "ARMING_REQUIRED": "true"}
FIRST: Final = "Live"  # before the first start
ARMS: Final = "Arm"
DISARMS: Final = "Disarm"
STOPS: Final = "Planned and graceful"
WITHIN_S: Final = 150

ASKED: Final = "REHEARSE_ARMED"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(280),
    pytest.mark.skipif(
        ASKED not in os.environ, reason=f"{ASKED}=1 rehearses live on a stack of its own, for minutes"
    ),
]


@dataclass(frozen=True)
class Armable:
    """A running stack that must be armed."""

    stack: Stack
    shell: dict[str, str]

    def truth(self) -> dict[str, Any]:
        """The venue's word about the wallet."""
        wallet = keys.noted_wallet(self.stack.state / "var")
        try:
            with urlopen(
                f"http://127.0.0.1:{self.stack.port + 1}/simulator/truth/{wallet}", timeout=10
            ) as answer:
                found: dict[str, Any] = json.loads(answer.read())
        except HTTPError as error:
            if error.code != HTTPStatus.NOT_FOUND:
                raise
            return {"orders": []}  # the venue has not heard of the wallet
        return found

    def taken(self) -> int:
        return len(self.truth()["orders"])

    def resting(self) -> list[str]:
        return [each["id"] for each in self.truth()["orders"] if each["status"] in ("live", "delayed")]

    def orders(self) -> int:
        """Decided orders so far, on whichever account."""
        lines = self.stack.get("/metrics")[1].splitlines()
        counts = [line.rpartition(" ")[2] for line in lines if line.startswith("polyloly_orders_total{")]
        return int(sum(float(count) for count in counts))


def of(section: str) -> list[Block]:
    return [block for block in blocks() if block.armed and block.section == section]


def run(section: str, shell: dict[str, str]) -> None:
    wrong = [words for block in of(section) if (words := carried_out(block, shell)) is not None]
    assert wrong == [], "\n\n".join(wrong)


def soon(true: Callable[[], object], what: str) -> None:
    wait_until(lambda: bool(true()), what=what, timeout_s=WITHIN_S)


@pytest.fixture(scope="module")
def armable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Armable]:
    state = tmp_path_factory.mktemp("armed")
    with receiver() as told:
        changed = {**MODE, **TOKENS, "ALERT_URLS": told.url()}
        run(FIRST, environment(state, free_port()) | changed)
        with running(state=state, **changed) as stack:
            yield Armable(stack, environment(stack.state, stack.port) | changed)


def test_nothing_leaves_before_somebody_arms(armable: Armable) -> None:
    soon(lambda: armable.orders() > 0, "the paper account trades")

    assert armable.taken() == 0


def test_armed_by_the_runbook_orders_reach_the_venue(armable: Armable) -> None:
    run(ARMS, armable.shell)

    soon(armable.resting, "orders rest at the venue")


def test_disarmed_by_the_runbook_what_rests_goes_and_none_leaves(armable: Armable) -> None:
    run(DISARMS, armable.shell)
    soon(lambda: not armable.resting(), "what rested is withdrawn")
    taken, decided = armable.taken(), armable.orders()

    soon(lambda: armable.orders() != decided, "the paper account trades again")
    run(STOPS, armable.shell)

    assert (armable.taken(), armable.resting()) == (taken, [])
