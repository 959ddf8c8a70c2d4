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

from bench.books import commands, loss
from bench.books.commands import Told
from bench.books.spoiled import SPOILS, spoil
from bench.claims import Proof
from bench.rehearsal import stacks
from bench.rehearsal.runs import DATABASE
from bench.timing import machine
from core.units import micro
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
LOOKS: Final = 4
SUMS: Final = ("cash", "token")
REASON: Final = "make prove-books"


def prove(proof: Proof) -> None:
    with stacks.rehearsing(SPEED=str(SPEED), SEED=str(SEED)) as (stack, _):
        known = commands.environment(stack, paper=False, SPEED=str(SPEED))
        say_identity(proof, "rehearsal", traded(known))
        say_files(proof, stack, known)
        say_equal(proof, stack)
        say_profit(proof, "rehearsal", known)
        say_total_loss(proof, stack, known)
        commands.run(known, "manage.py", "reset", REASON, "--override")
        for what in SPOILS:
            say_difference(proof, stack, known, what)
        say_kills(proof, stack, known)
        ended = stacks.judged(stack)
        # An order whose rows were taken away on purpose, and a fill put in, stay strangers to them.
        wrong = [word for word in [*ended["differences"], *ended.get("lost", [])] if word.startswith(SUMS)]
        proof.say(
            "cash and shares against the venue's books, at the end", told(wrong), "equal", holds=not wrong
        )
    with paper() as (stack, known):
        say_identity(proof, "paper", traded(known))
        say_clean(proof, "paper, trading", clean(known))
        stacks.halt(stack)
        say_profit(proof, "paper", known)
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


def clean(known: dict[str, str], *, whole: bool = False) -> Told:
    """The first clean run of a few: a busy minute may leave too much under way to judge. ``whole``: to the last
    millionth, which only holds at rest."""
    found = commands.reconcile(known)
    for _ in range(CLEAN_TRIES):
        if found.status == 0 and not (whole and found.apart):
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


def say_equal(proof: Proof, stack: Stack) -> None:
    """Halted and at rest: every order, trade, fee, cash and share, against what the simulator knows."""
    ended = stacks.judged(stack)
    wrong = [word for kind in ("differences", "lost", "duplicates") for word in ended.get(kind, [])]
    wrong += [f"restless: {ended['restless']}"] if ended["restless"] else []
    figure = (
        f"{ended.get('orders', 0)} orders, {ended.get('fills', 0)} fills, {ended.get('merges', 0)} merges"
    )
    proof.say("rehearsal: rows against the simulator's accounts", figure + told(wrong), "equal",
              holds=not wrong if ended.get("fills") else None)  # fmt: skip


def say_profit(proof: Proof, name: str, known: dict[str, str]) -> None:
    """At rest: what was earned by our books, and by the simulator's cash and shares, to the last micro-USDC."""
    found, ours = _at_one_moment(known)
    theirs = sum(micro(each["theirs"]) for each in found.figures if each["market_id"] is None)
    gap = ours["realized"] - (theirs + ours["inventory"] - ours["deposited"])
    figure = f"{ours['realized']} micro-USDC earned, {gap} apart; {len(found.figures)} figures compared"
    holds = gap == 0 and not found.apart and found.status == 0
    proof.say(f"{name}: profit against the simulator's accounts", figure + told(found.apart), "0 apart",
              holds=holds if ours["fills"] else None)  # fmt: skip


def _at_one_moment(known: dict[str, str]) -> tuple[Told, dict[str, Any]]:
    """Both sides while our books stood still: a halt stops orders, and neither merges nor resolutions."""
    was, tries = commands.identity(known), 0
    while True:
        found, ours, tries = clean(known, whole=True), commands.identity(known), tries + 1
        if ours == was or tries == CLEAN_TRIES:
            return found, ours
        was = ours


def say_difference(proof: Proof, stack: Stack, known: dict[str, str], what: str) -> None:
    """Put it in, look twice, put it right, look again. The stack's own runs look too: what counts is what was kept."""
    now = stacks.now_of(stack)
    before = stacks.ask(stack, "SELECT coalesce(max(id), 0) FROM trading_difference")[0][0]
    done = None if now is None else spoil(stack.state / "var" / DATABASE, what, now)
    if done is None:
        proof.say(f"difference {what}", "no row to spoil", "found, named, resolved", holds=None)
        return
    runs = looks = 0
    while not runs and looks < LOOKS:
        if looks:
            time.sleep(APART_S)
        commands.reconcile(known)
        looks += 1
        runs = _mismatch_after(stack, what, before)
    right = commands.reconcile(known, "--reset-to-actual", "--reason", REASON)
    after = right if right.status == 0 else clean(known)
    seen = f"run {runs or 'none'}, look {looks}"
    figure = f"{done}; a mismatch in {seen}; reset {right.status}, then exit {after.status}"
    bar = "a mismatch at the second look, half a minute later, then exit 0"
    proof.say(f"difference {what}", figure + told(after.words_apart), bar,
              holds=runs >= 2 and looks <= 2 and after.status == 0)  # fmt: skip


def _mismatch_after(stack: Stack, what: str, before: int) -> int:
    """In which run of those that saw it the difference first counted, whoever asked for the run; 0: in none yet."""
    asked = f"SELECT min(runs) FROM trading_difference WHERE mismatch AND kind = '{what}' AND id > {before}"  # noqa: S608
    return int(stacks.ask(stack, asked)[0][0] or 0)


def say_files(proof: Proof, stack: Stack, known: dict[str, str]) -> None:
    folder = stack.state / "data"
    shutil.rmtree(folder, ignore_errors=True)
    done = commands.run(known, "manage.py", "reconcile", "--rebuild-state", "--yes")
    wanted = ["positions.json", "state_snapshot.json"]
    there = sorted(path.name for path in folder.glob("*.json"))
    figure, bar = f"{', '.join(there)}, exit {done.returncode}", ", ".join(wanted)
    proof.say("rm -rf data/, then --rebuild-state", figure, bar, holds=there == wanted)


def say_total_loss(proof: Proof, stack: Stack, known: dict[str, str]) -> None:
    """The stack is at rest. Exactly what can be known again must be as before, and the rest is named."""
    was = commands.identity(known)
    now, words, status = loss.restored(stack, known, REASON)
    wrong, named = loss.differing(was, now), words.count(loss.SAID)
    figure = (
        f"{loss.counted(was)} figures, {len(wrong)} differ, then exit {status}, {named} things named as lost"
    )
    proof.say("database lost, --rebuild-state", figure + told([*wrong[:2], *([] if status == 0 else [words[-600:]])]),
              "every figure as before, exit 0, and says what is lost",
              holds=not wrong and status == 0 and named > 0 if was.get("books") else None)  # fmt: skip


def say_kills(proof: Proof, stack: Stack, known: dict[str, str]) -> None:
    """One after the other, each while orders leave; the next when they do again and the books are clean."""
    killed: list[str] = []
    back = trading = unclean = 0
    for name in islice(cycle(CHILDREN), ROUNDS):
        pid, before = pid_of(stack, name), stacks.orders_of(stack)
        if pid is None:
            continue
        os.kill(pid, signal.SIGKILL)
        killed.append(name)
        back += started_again(stack, name, pid)
        trading += stacks.trades_again(stack, before)
        unclean += clean(known).status != 0
    names = ", ".join(dict.fromkeys(killed))
    figure = f"{len(killed)} kills ({names}), {back} back, {trading} traded again, {unclean} not clean"
    proof.say("kill -9 of every child in turn, while it trades", figure, "all back, trading, reconciled clean",
              holds=back == trading == len(killed) and not unclean if killed else None)  # fmt: skip


def pid_of(stack: Stack, name: str) -> int | None:
    """The embedded Redis is known by its command: it is given no name."""
    if name != "redis":
        return stack.pid_of(name)
    commands_of = ((pid, Path(f"/proc/{pid}/cmdline")) for pid in stack.pids())
    return next(
        (pid for pid, said in commands_of if said.exists() and b"unixsocket" in said.read_bytes()), None
    )


def started_again(stack: Stack, name: str, was: int) -> bool:
    end = time.monotonic() + BACK_WITHIN_S
    while time.monotonic() < end:
        if pid_of(stack, name) not in (None, was):
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
