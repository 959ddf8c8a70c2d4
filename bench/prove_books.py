"""``make prove-books``: the ledger's identity, differences put into the rows, rebuilds, and kills of every child.

The default kills each child once; ``FULL=1`` plays twenty rounds. The venue's own books are the witness.
"""

import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final

from bench.books import commands
from bench.books.commands import Told
from bench.books.spoiled import SPOILS, spoil
from bench.claims import Proof
from bench.rehearsal import stacks
from bench.rehearsal.runs import DATABASE, migrated
from bench.timing import machine
from tests.stacks import Stack, running

FULL: Final = os.environ.get("FULL") == "1"
SEED: Final = 20261
SPEED: Final = 4
TRADED_S: Final = 300.0  # at most; a quiet stretch of the evening has no fill for minutes
FILLS_MIN: Final = 12
LOOK_EVERY_S: Final = 5.0
CHILDREN: Final = ("trader", "ops", "feeds", "web", "beat", "redis")
ROUNDS: Final = 20 if FULL else len(CHILDREN)
BACK_WITHIN_S: Final = 60.0
APART_S: Final = 31.0 / SPEED + 1
CLEAN_TRIES: Final = 6
REASON: Final = "make prove-books"


def prove(proof: Proof) -> None:
    with stacks.rehearsing(SPEED=str(SPEED), SEED=str(SEED)) as (stack, _):
        known = commands.environment(stack, paper=False, SPEED=str(SPEED))
        say_identity(proof, "rehearsal", traded(known))
        say_clean(proof, "rehearsal, trading", clean(known))
        for what in SPOILS:
            say_difference(proof, stack, known, what)
        say_files(proof, stack, known)
        say_total_loss(proof, stack, known)
        say_kills(proof, stack, known)
        ended = stacks.judged(stack)
        wrong = [*ended.get("differences", []), *ended.get("lost", []), *ended.get("duplicates", [])]
        # An order whose rows were taken away on purpose stays a stranger to them: the venue still knows it.
        wrong = [word for word in wrong if "in no row" not in word]
        holds = not [word for word in wrong if word.startswith(("cash", "token"))]
        proof.say("cash and shares against the venue's books, at the end", told(wrong), "equal", holds=holds)
    with paper() as (stack, known):
        say_identity(proof, "paper", traded(known))
        say_clean(proof, "paper, trading", clean(known))
        say_launcher(proof, stack)


@contextmanager
def paper(state: Path | None = None) -> Iterator[tuple[Stack, dict[str, str]]]:
    with running(state=state, RECORD="false", SPEED=str(SPEED), SEED=str(SEED)) as stack:
        yield stack, commands.environment(stack, paper=True, SPEED=str(SPEED))


def traded(known: dict[str, str]) -> dict[str, Any]:
    """The ledger's sums once there are fills enough to spoil, or when the wait is over."""
    end = time.monotonic() + TRADED_S
    while (found := commands.identity(known)).get("fills", 0) < FILLS_MIN and time.monotonic() < end:
        time.sleep(LOOK_EVERY_S)
    return found


def clean(known: dict[str, str]) -> Told:
    """The first clean run of a few: a busy minute may leave too much under way to judge."""
    found = commands.reconcile(known)
    for _ in range(CLEAN_TRIES):
        if found.status == 0:
            break
        time.sleep(APART_S)
        found = commands.reconcile(known)
    return found


def say_identity(proof: Proof, name: str, found: dict[str, Any]) -> None:
    apart = {sum_: found.get(sum_) for sum_ in ("identity", "cash", "by market", "by strategy", "by day")}
    counted = f"{found.get('fills')} fills, {found.get('entries')} entries, {found.get('markets')} markets"
    figure = f"{counted}: " + ", ".join(f"{sum_} {gap}" for sum_, gap in apart.items())
    holds = all(gap == 0 for gap in apart.values()) if found.get("fills") else None
    proof.say(f"{name}: sums of the ledger", figure, "each 0 micro-USDC apart", holds=holds)


def say_clean(proof: Proof, name: str, found: Told) -> None:
    compared = ", ".join(f"{count} {what}" for what, count in found.said.get("counts", {}).items())
    proof.say(f"{name}: reconciliation", f"exit {found.status}, {compared}{told(found.kinds)}", "exit 0",
              holds=found.status == 0)  # fmt: skip


def say_difference(proof: Proof, stack: Stack, known: dict[str, str], what: str) -> None:
    """Put it in, look twice, put it right, look again."""
    now = stacks.now_of(stack)
    done = None if now is None else spoil(stack.state / "var" / DATABASE, what, now)
    if done is None:
        proof.say(f"difference {what}", "no row to spoil", "found, named, resolved", holds=None)
        return
    first = commands.reconcile(known)
    time.sleep(APART_S)
    second = commands.reconcile(known)
    right = commands.reconcile(known, "--reset-to-actual", "--reason", REASON)
    after = clean(known)
    named = what in second.mismatches or (what == "missing_fill" and what in first.mismatches)
    figure = f"{done}; {first.kinds} then {second.mismatches}; reset {right.status}, then exit {after.status}"
    proof.say(
        f"difference {what}", figure, "named in two runs, then exit 0", holds=named and after.status == 0
    )


def say_files(proof: Proof, stack: Stack, known: dict[str, str]) -> None:
    folder = stack.state / "data"
    shutil.rmtree(folder, ignore_errors=True)
    done = commands.run(known, "manage.py", "reconcile", "--rebuild-state", "--yes")
    wanted = ["positions.json", "state_snapshot.json"]
    there = sorted(path.name for path in folder.glob("*.json"))
    figure, bar = f"{', '.join(there)}, exit {done.returncode}", ", ".join(wanted)
    proof.say("rm -rf data/, then --rebuild-state", figure, bar, holds=there == wanted)


def say_total_loss(proof: Proof, stack: Stack, known: dict[str, str]) -> None:
    """An empty state folder beside the stack, with its wallet and its API key: what comes back from the venue."""
    folder = Path(tempfile.mkdtemp(prefix="pl-lost-"))
    try:
        migrated(folder)
        secrets = folder / "var" / "secrets"
        secrets.mkdir(parents=True, exist_ok=True)
        shutil.copy(stack.state / "var" / "secrets" / "venue_pass.json", secrets)
        stacks.halt(stack)
        theirs = clean(known)
        shutil.copy(stack.state / "var" / "wallet", folder / "var")
        lost = known | {"STATE_DIR": str(folder)}
        done = commands.run(lost, "manage.py", "reconcile", "--rebuild-state", "--yes", "--reason", REASON)
        ours = commands.reconcile(lost)
        gap = held(theirs).items() ^ held(ours).items()
        said = "not known again" in done.stderr
        figure = f"{len(held(ours))} figures restored, {len(gap)} differ, says what is lost: {said}"
        proof.say("database lost, --rebuild-state", figure, "every figure as before, and says so",
                  holds=not gap and said if held(theirs) else None)  # fmt: skip
    finally:
        commands.run(known, "manage.py", "reset", REASON, "--override")
        shutil.rmtree(folder, ignore_errors=True)


def held(found: Told) -> dict[tuple[str | None, str | None], str]:
    """Our figures that are not nothing."""
    return {
        (each["market_id"], each["outcome"]): each["ours"]
        for each in found.said.get("figures", [])
        if each["ours"] not in ("0", None)
    }


def say_kills(proof: Proof, stack: Stack, known: dict[str, str]) -> None:
    back, killed = 0, []
    for name in islice(cycle(CHILDREN), ROUNDS):
        pid = stack.pid_of(name)
        if pid is None:
            continue
        os.kill(pid, signal.SIGKILL)
        killed.append(name)
        back += started_again(stack, name, pid)
    found = clean(known)
    figure = (
        f"{len(killed)} kills ({', '.join(dict.fromkeys(killed))}), {back} back, then exit {found.status}"
    )
    proof.say("kill -9 of every child in turn", figure + told(found.kinds), "all back, reconciled clean",
              holds=back == len(killed) and found.status == 0 if killed else None)  # fmt: skip


def started_again(stack: Stack, name: str, was: int) -> bool:
    end = time.monotonic() + BACK_WITHIN_S
    while time.monotonic() < end:
        if stack.pid_of(name) not in (None, was):
            return True
        time.sleep(0.5)
    return False


def say_launcher(proof: Proof, stack: Stack) -> None:
    """The launcher itself dies: nothing stays, and the next start on the same rows reconciles."""
    kept = Path(tempfile.mkdtemp(prefix="pl-kept-"))
    try:
        os.kill(stack.process.pid, signal.SIGKILL)
        end = time.monotonic() + BACK_WITHIN_S
        while stack.pids() and time.monotonic() < end:
            time.sleep(0.5)
        left = len(stack.pids())
        shutil.copytree(stack.state / "var", kept / "var", ignore=shutil.ignore_patterns("redis*", "*.lock"))
        with paper(kept) as (_, known):
            time.sleep(10)
            found = clean(known)
        figure = f"{left} processes left, next start exit {found.status}{told(found.kinds)}"
        proof.say("kill -9 of the launcher", figure, "none, exit 0", holds=left == 0 and found.status == 0)
    finally:
        shutil.rmtree(kept, ignore_errors=True)


def told(wrong: Sequence[str]) -> str:
    return f" ({'; '.join(wrong[:3])})" if wrong else ""


def main() -> None:
    began = time.monotonic()
    proof = Proof("books")
    prove(proof)
    facts = {"machine": machine(), "full": FULL, "rounds": ROUNDS, "took_s": round(time.monotonic() - began)}
    sys.exit(proof.end(facts))


if __name__ == "__main__":
    main()
