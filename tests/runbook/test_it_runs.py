"""Goal: every procedure of the runbook works as it is written, on a stack that trades.

Method: one stack in rehearsal mode (the live order path, simulated venue), the blocks in the order of the page, those
that end the stack last. A block that fails says where it stands, what it printed, and the others still run.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from urllib.request import Request, urlopen

import pytest

from polyloly_site.env import ROOT
from tests.runbook.blocks import SHOWN_MAX, Block, blocks
from tests.servers import wait_until
from tests.stacks import Stack, running

pytestmark = pytest.mark.slow

TOKENS: Final = {"ADMIN_TOKEN": "runbook-admin-token-1", "OPERATOR_TOKEN": "runbook-operator-token"}
MODE: Final = {"VENUE": "simulator", "PAPER_TRADING": "false", "RECORD": "true"}
BLOCK_S: Final = 120
AGAIN_S: Final = 1.0
TRADES_WITHIN_S: Final = 100


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with running(state=None, **MODE, **TOKENS) as started:
        wait_until(lambda: started.get("/health/ready")[0] == 200, what="ready", timeout_s=TRADES_WITHIN_S)
        wait_until(
            lambda: "polyloly_fills_total{" in started.get("/metrics")[1],
            what="a fill",
            timeout_s=TRADES_WITHIN_S,
        )
        yield started


def environment(state: Path, port: int) -> dict[str, str]:
    """What an operator's shell has: the stack's own settings, and the tools on its path."""
    tools = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {
        **os.environ,
        **MODE,
        **TOKENS,
        "PATH": tools,
        "DJANGO_SETTINGS_MODULE": "polyloly_site.settings",
        "STATE_DIR": str(state),
        "PORT": str(port),
        "STATE": str(state),
        "POLYLOLY": f"http://127.0.0.1:{port}",
    }


def tried(block: Block, environment: dict[str, str]) -> str | None:
    """Run a block once; what is wrong in words, ``None`` when nothing is."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.text],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=BLOCK_S,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    shown = f"{done.stdout[-SHOWN_MAX:]}{done.stderr[-SHOWN_MAX:]}"
    if done.returncode not in block.exits:
        return f"{block}: exit {done.returncode}, expected {sorted(block.exits)}\n{block.text}{shown}"
    if block.finds and not done.stdout.strip():
        return f"{block}: found nothing\n{block.text}{shown}"
    return None


def carried_out(block: Block, environment: dict[str, str]) -> str | None:
    """As ``tried``, again until it passes or its time is over."""
    end, pause = time.monotonic() + block.within_s, threading.Event()
    wrong = tried(block, environment)
    while wrong is not None and time.monotonic() < end:
        pause.wait(AGAIN_S)
        wrong = tried(block, environment)
    return wrong


def report(stack: Stack) -> Any:
    asked = Request(
        f"{stack.url}/api/v1/pnl/report", headers={"Authorization": f"Bearer {TOKENS['OPERATOR_TOKEN']}"}
    )
    with urlopen(asked, timeout=30) as answer:
        return json.load(answer)


def test_profit_of_a_stack_that_trades_adds_up_whatever_way_it_is_asked_for(stack: Stack) -> None:
    wait_until(lambda: bool((report(stack) or {}).get("cells")), what="profit", timeout_s=TRADES_WITHIN_S)

    told = report(stack)

    for way in ("cells", "markets", "strategies", "days", "weeks", "months"):
        sums = [sum(Decimal(row[part]) for row in told[way]) for part in ("realized", "unrealized", "total")]
        assert sums == [Decimal(told["total"][part]) for part in ("realized", "unrealized", "total")], way
    assert told["identity"]["gap"] == "0"


@pytest.mark.timeout(900)
def test_every_block_of_the_runbook_works_on_a_stack_that_trades(stack: Stack) -> None:
    shell = environment(stack.state, stack.port)
    order = sorted((block for block in blocks() if not block.live), key=lambda block: block.last)

    wrong = [words for block in order if (words := carried_out(block, shell)) is not None]

    assert wrong == [], "\n\n".join(wrong)
