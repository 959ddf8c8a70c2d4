"""The stack that the runbook is rehearsed on, and how a block is carried out there.

Rehearsal mode and armed like real money. The venue is a process of its own: it goes on when the stack ends, as the real
one would, and its own list of the wallet's orders is the witness.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from polyloly_site import keys
from polyloly_site.env import ROOT
from tests.ports import free_port
from tests.receivers import receiver
from tests.runbook.blocks import SHOWN_MAX, Block
from tests.servers import wait_until
from tests.stacks import INHERITED, Stack, running

TOKENS: Final = {"ADMIN_TOKEN": "runbook-admin-token-1", "OPERATOR_TOKEN": "runbook-operator-token"}
MODE: Final = {
    "VENUE": "simulator",
    "PAPER_TRADING": "false",
    "ARMING_REQUIRED": "true",
    "RECORD": "true",
    "NTP_SERVER": "off",
}
BLOCK_S: Final = 240  # a command takes seconds; several on a machine where others are at work, minutes
AGAIN_S: Final = 1.0
ENDS_WITHIN_S: Final = 20
OPEN: Final = ("live", "delayed")


@dataclass(frozen=True)
class Rehearsed:
    """A running stack, the venue it trades at, and the shell of its operator."""

    stack: Stack
    venue: str
    shell: dict[str, str]

    def truth(self) -> dict[str, Any]:
        """The venue's word about the wallet."""
        wallet = keys.noted_wallet(self.stack.state / "var")
        try:
            with urlopen(f"{self.venue}/simulator/truth/{wallet}", timeout=10) as answer:
                found: dict[str, Any] = json.loads(answer.read())
        except HTTPError as error:
            if error.code != 404:
                raise
            return {"orders": []}  # the venue has not heard of the wallet
        return found

    def taken(self) -> int:
        """How many orders ever reached the venue."""
        return len(self.truth()["orders"])

    def resting(self) -> list[str]:
        return [each["id"] for each in self.truth()["orders"] if each["status"] in OPEN]

    def decided(self) -> int:
        """Decided orders so far, on whichever account."""
        lines = self.stack.get("/metrics")[1].splitlines()
        counts = [line.rpartition(" ")[2] for line in lines if line.startswith("polyloly_orders_total{")]
        return int(sum(float(count) for count in counts))

    def asked(self, path: str) -> Any:
        """What the API says to the operator's token."""
        request = Request(
            self.stack.url + path, headers={"Authorization": f"Bearer {TOKENS['OPERATOR_TOKEN']}"}
        )
        with urlopen(request, timeout=30) as answer:
            return json.load(answer)


@dataclass(frozen=True)
class Desk:
    """What there is before the first start: a venue, somebody who is told, and the operator's shell."""

    state: Path
    venue: str
    chosen: dict[str, str]

    @property
    def shell(self) -> dict[str, str]:
        return shell_of(self.state, free_port(), self.chosen)


@contextmanager
def a_desk(state: Path) -> Iterator[Desk]:
    with receiver() as told, a_venue(state / "venue") as venue:
        chosen = {**MODE, **TOKENS, "SIMULATOR_URL": venue, "ALERT_URLS": told.url()}
        yield Desk(state / "stack", venue, chosen)


@contextmanager
def started(desk: Desk) -> Iterator[Rehearsed]:
    with running(state=desk.state, **desk.chosen) as stack:
        yield Rehearsed(stack, desk.venue, shell_of(desk.state, stack.port, desk.chosen))


@contextmanager
def a_venue(state: Path) -> Iterator[str]:
    """A simulated venue that answers; its address. Nobody else writes into ``state``."""
    port = free_port()
    state.mkdir()
    environment = shell_of(state, port, MODE)
    with (state / "venue.out").open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "run_simulator"], cwd=ROOT, env=environment, stdout=out, stderr=out
        )
    url = f"http://127.0.0.1:{port + 1}"
    try:
        wait_until(lambda: _answers(f"{url}/ok"), what="the venue answers", timeout_s=60)
        yield url
    finally:
        process.terminate()
        process.wait(ENDS_WITHIN_S)


def shell_of(state: Path, port: int, chosen: dict[str, str]) -> dict[str, str]:
    """What an operator's shell has: the stack's own settings, and the tools on its path."""
    kept = {name: value for name, value in os.environ.items() if name not in INHERITED}
    return {
        **kept,
        **chosen,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "DJANGO_SETTINGS_MODULE": "polyloly_site.settings",
        "STATE_DIR": str(state),
        "PORT": str(port),
        "STATE": str(state),
        "POLYLOLY": f"http://127.0.0.1:{port}",
    }


def carried_out_all(them: list[Block], shell: dict[str, str]) -> list[str]:
    """One after the other; what is wrong with each that is."""
    return [words for block in them if (words := carried_out(block, shell)) is not None]


def carried_out(block: Block, shell: dict[str, str]) -> str | None:
    """As ``tried``, again until it passes or its time is over."""
    end, pause = time.monotonic() + block.within_s, threading.Event()
    wrong = tried(block, shell)
    while wrong is not None and time.monotonic() < end:
        pause.wait(AGAIN_S)
        wrong = tried(block, shell)
    return wrong


def tried(block: Block, shell: dict[str, str]) -> str | None:
    """Run a block once; what is wrong in words, ``None`` when nothing is."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.text],
        cwd=ROOT,
        env=shell,
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


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=5):
            return True
    except (URLError, OSError):
        return False
