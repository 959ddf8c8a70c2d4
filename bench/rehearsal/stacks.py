"""Whole stacks in rehearsal mode, started as a person starts them, traded, killed and judged."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final
from urllib.request import Request, urlopen

from bench.rehearsal.runs import DATABASE, ROOT, environment
from infra import clock
from tests.stacks import Stack, environment_of, running

LOOK_S: Final = 0.25
KILLED_WITHIN_S: Final = (0.5, 6.0)  # after the trader of the round trades again
BACK_WITHIN_S: Final = 60.0
REFUSED_WITHIN_S: Final = 60.0
JUDGE_S: Final = 120.0


@dataclass(slots=True)
class Watched:
    """Seen in the database while a stack ran. ``unknown_ms``: the oldest UNKNOWN order, of the clock."""

    unknown_ms: int = 0
    unknowns: set[str] = field(default_factory=set)
    looks: int = 0


@contextmanager
def rehearsing(**changed: str) -> Iterator[tuple[Stack, Watched]]:
    """A stack in rehearsal mode, its database looked at four times a second."""
    chosen = {"VENUE": "simulator", "PAPER_TRADING": "false", "RECORD": "false", **changed}
    with running(state=None, **chosen) as stack:
        watched, over = Watched(), threading.Event()
        eye = threading.Thread(target=_look, args=(stack, watched, over), daemon=True)
        eye.start()
        try:
            yield stack, watched
        finally:
            over.set()
            eye.join()


def _look(stack: Stack, watched: Watched, over: threading.Event) -> None:
    while not over.wait(LOOK_S):
        now = now_of(stack)
        if now is None:
            continue
        for order_id, moved_ms in ask(
            stack, "SELECT order_id, moved_ms FROM trading_order WHERE status = 'unknown'"
        ):
            watched.unknowns.add(order_id)
            watched.unknown_ms = max(watched.unknown_ms, now - moved_ms)
        watched.looks += 1


def ask(stack: Stack, query: str) -> list[Any]:
    """Read the stack's database beside it; nothing while it is not there."""
    path = stack.state / "var" / DATABASE
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as database:
            return database.execute(query).fetchall()
    except sqlite3.OperationalError:
        return []


def now_of(stack: Stack) -> int | None:
    """The stack's clock; ``None`` while none of its processes can be asked for its anchor."""
    mark = f"{clock.ANCHOR_VARIABLE}=".encode()
    for pid in stack.pids():
        for line in environment_of(pid):
            if line.startswith(mark):
                return clock.at(clock.parse(line.removeprefix(mark).decode()), time.monotonic_ns())
    return None


def orders_of(stack: Stack) -> int:
    return int((ask(stack, "SELECT count(*) FROM trading_order") or [(0,)])[0][0])


def trades_again(stack: Stack, before: int) -> bool:
    """Wait until an order was written that was not there before."""
    end = time.monotonic() + BACK_WITHIN_S
    while orders_of(stack) <= before:
        if time.monotonic() > end:
            return False
        time.sleep(LOOK_S)
    return True


def halt(stack: Stack) -> None:
    """Press HALT from loopback, as an operator with nothing but a shell."""
    body = json.dumps({"reason": "the run is over"}).encode()
    asked = Request(f"{stack.url}/admin/halt", data=body, headers={"Content-Type": "application/json"})  # noqa: S310
    with urlopen(asked, timeout=30) as answer:  # noqa: S310 our own console
        answer.read()


def judged(stack: Stack) -> dict[str, Any]:
    """Halt, wait for rest, compare with the venue."""
    halt(stack)
    command = [sys.executable, "-m", "bench.rehearsal.judge", f"http://127.0.0.1:{stack.port + 1}"]
    judging = subprocess.run(
        command,
        cwd=ROOT,
        env=environment(stack.state),
        capture_output=True,
        text=True,
        timeout=JUDGE_S,
        check=False,
    )
    if judging.returncode:
        return {"equal": False, "differences": [judging.stderr[-500:]], "restless": None}
    return dict(json.loads(judging.stdout))


@dataclass(slots=True)
class Ended:
    """A stack's run and its judgement."""

    judged: dict[str, Any]
    unknown_ms: int
    unknowns: int
    kills: int = 0
    not_back: int = 0


def session(*, speed: int, minutes: int, seed: int) -> Ended:
    """Trade ``minutes`` of the clock in rehearsal mode."""
    with rehearsing(SPEED=str(speed), SEED=str(seed)) as (stack, watched):
        time.sleep(minutes * 60 / speed)
        return Ended(judged(stack), watched.unknown_ms, len(watched.unknowns))


def killed(*, rounds: int, seed: int) -> Ended:
    """Kill the trader with ``kill -9`` at a random moment, ``rounds`` times; the launcher starts it again."""
    dice, kills, not_back = Random(seed), 0, 0
    with rehearsing(SPEED="2", SEED=str(seed)) as (stack, watched):
        trades_again(stack, 0)
        for _ in range(rounds):
            time.sleep(dice.uniform(*KILLED_WITHIN_S))
            pid = stack.pid_of("trader")
            before = orders_of(stack)
            if pid is not None:
                os.kill(pid, signal.SIGKILL)
                kills += 1
            not_back += not trades_again(stack, before)
        return Ended(judged(stack), watched.unknown_ms, len(watched.unknowns), kills, not_back)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two stacks with one key: orders in each one's database, and what the second says of its wallet."""

    first: int
    second: int
    said: str


def two_on_one_wallet(key: str) -> Pair:
    """Start a second stack with the key, and at the venue, of one that trades."""
    folder = Path(tempfile.mkdtemp(prefix="pl-key-"))
    secret = folder / "shared.key"
    secret.touch(mode=0o600)
    secret.write_text(key)
    try:
        with rehearsing(PRIVATE_KEY_FILE=str(secret)) as (first, _):
            trades_again(first, 0)
            venue = f"http://127.0.0.1:{first.port + 1}"
            with rehearsing(PRIVATE_KEY_FILE=str(secret), SIMULATOR_URL=venue) as (second, _):
                said = _refusal(second)
                trades_again(first, orders_of(first))
                return Pair(orders_of(first), orders_of(second), said)
    finally:
        shutil.rmtree(folder)


def _refusal(stack: Stack) -> str:
    """What its health check says of the wallet once that has been decided."""
    end, said = time.monotonic() + REFUSED_WITHIN_S, "nothing"
    while time.monotonic() < end:
        _, health = stack.get("/health/ready")
        checks = json.loads(health)["checks"] if health.startswith("{") else []
        said = next((check["detail"] for check in checks if check["name"] == "wallet"), said)
        if "another" in said:
            break
        time.sleep(1)
    return said
