"""``make prove-rehearsal``: sessions, faults and kills of the live order path, judged by the venue's own books.

The default takes a few minutes; ``FULL=1`` plays every fault with ten seeds and kills the trader fifty times.
"""

import os
import secrets
import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import Final

from bench.claims import Proof
from bench.rehearsal import shards, stacks
from bench.rehearsal.plan import UNKNOWN_MAX_MS, Played, Run
from bench.rehearsal.runs import Theatre
from bench.timing import machine

FULL: Final = os.environ.get("FULL") == "1"
SEED: Final = 20261
# Each fault and its rate in a thousand, of what ``manage.py simulator_faults list`` says it is a chance of.
FAULTS: Final = {
    "drop_before": 100, "drop_after_accept": 100, "late": 150, "error_before": 100, "error_after": 100,
    "close_sockets": 60, "freeze": 60, "tear": 60, "duplicate": 300, "reorder": 300, "missing_makers": 300,
    "revert": 400, "stale_book": 300, "skew": 1000, "restart": 15, "rate_limit": 100,
}  # fmt: skip
ALL: Final = "all together"
TOGETHER: Final = 4  # all at once, each at a part of its rate
SPEED: Final = Fraction(4)
SPAN_MS: Final = 60_000 if FULL else 120_000
BESIDE: Final = {"stale_book": {"freeze": 60}}  # a book is asked for where the channel has fallen silent
SLOW: Final = {
    "late": (Fraction(1), 60_000)
}  # an answer is only late beside a timeout, and those are real time
SEEDS: Final = 10 if FULL else 1
KILLS: Final = 50 if FULL else 6
SESSION_SPEED: Final = 10
SESSION_MINUTES: Final = 20


def planned() -> list[Run]:
    """Every fault by itself and all together, each with every seed."""
    chosen = [(name, {name: rate} | BESIDE.get(name, {})) for name, rate in FAULTS.items()]
    chosen.append((ALL, {name: max(1, rate // TOGETHER) for name, rate in FAULTS.items()}))
    return [
        Run(
            name=f"{name.replace(' ', '-')}-{seed}",
            seed=seed,
            faults=faults,
            speed=SLOW.get(name, (SPEED, SPAN_MS))[0],
            span_ms=SLOW.get(name, (SPEED, SPAN_MS))[1],
            folder=Path(),
            port=0,
        )
        for name, faults in chosen
        for seed in range(SEED, SEED + SEEDS)
    ]


def say_session(proof: Proof, ended: stacks.Ended) -> None:
    said = ended.judged
    traded = f"{said.get('orders')} orders, {said.get('fills')} fills, {said.get('merges')} merges"
    busy = bool(said.get("orders") and said.get("fills") and said.get("merges"))
    proof.say(f"{SESSION_MINUTES} simulated minutes in rehearsal mode", traded, "each at least 1", holds=busy)
    say_books(proof, "session", ended)


def say_kills(proof: Proof, ended: stacks.Ended) -> None:
    proof.say("kill -9 of the trader", f"{ended.kills} kills, {ended.not_back} times no order afterwards",
              f"{KILLS} kills, trading again each time", holds=ended.kills == KILLS and not ended.not_back)  # fmt: skip
    say_books(proof, "kills", ended)


def say_books(proof: Proof, name: str, ended: stacks.Ended) -> None:
    said = ended.judged
    wrong = [*said.get("duplicates", []), *said.get("lost", []), *said.get("differences", [])]
    if said["restless"]:
        wrong.insert(0, f"not at rest: {said['restless']}")
    figures = (
        f"{len(said.get('duplicates', []))} duplicates, {len(said.get('lost', []))} fills lost, "
        f"{len(said.get('differences', []))} differences"
    )
    proof.say(f"{name}: ledger, positions and cash against the venue's books", figures + told(wrong), "equal",
              holds=bool(said["equal"]) and not said["restless"])  # fmt: skip
    proof.say(f"{name}: oldest UNKNOWN order", f"{ended.unknown_ms / 1000:.1f} s of {ended.unknowns} seen, "
              f"{said.get('unknown_left')} left", "at most 60 s, none left",
              holds=ended.unknown_ms <= UNKNOWN_MAX_MS and not said.get("unknown_left"))  # fmt: skip


def told(wrong: list[str]) -> str:
    return f" ({'; '.join(wrong[:3])})" if wrong else ""


def say_fault(proof: Proof, name: str, runs: list[Played]) -> None:
    """One line for a fault: everything of all its seeds together."""
    compared = [run.compared for run in runs]
    done = sum(count for run in runs for fault, count in run.faults.items() if fault == name or name == ALL)
    fills = sum(each.fills for each in compared)
    wrong = [word for each in compared for word in (*each.duplicates, *each.lost, *each.differences)]
    wrong += [word for run in runs for word in run.seen.below[:2]]
    wrong += [f"restless: {run.restless}" for run in runs if run.restless]
    wrong += [f"ended: {end}" for run in runs for end in run.seen.ends[:1]]
    oldest = max(run.seen.unknown_ms for run in runs)
    figure = (
        f"{done} times in {len(runs)} runs, {sum(each.orders for each in compared)} orders, {fills} fills "
        f"({sum(each.failed_fills for each in compared)} failed): {sum(len(each.duplicates) for each in compared)} "
        f"duplicates, {sum(len(each.lost) for each in compared)} lost, "
        f"{sum(len(run.seen.below) for run in runs)} of {sum(run.seen.looks for run in runs):,} looks below the "
        f"truth, UNKNOWN up to {oldest / 1000:.1f} s ({sum(run.seen.unknowns for run in runs)}), "
        f"{sum(not each.equal for each in compared)} books differ"
    )
    sound = all(run.sound for run in runs)
    proof.say(f"fault {name}", figure + told(wrong), "0, 0, 0, at most 60 s, 0",
              holds=sound if done and fills else None)  # fmt: skip


def prove(proof: Proof) -> None:
    """Play the runs beside each other, and the stacks one after the other beside them."""
    theatre = Theatre()
    try:
        played = [theatre.play(run, "0x" + secrets.token_hex(32)) for run in planned()]
        say_session(proof, stacks.session(speed=SESSION_SPEED, minutes=SESSION_MINUTES, seed=SEED))
        say_kills(proof, stacks.killed(rounds=KILLS, seed=SEED))
        say_pair(proof, stacks.two_on_one_wallet("0x" + secrets.token_hex(32)))
        say_shards(proof, shards.one_of_two_killed())
        done = [future.result() for future in played]
    finally:
        theatre.close()
    for name in (*FAULTS, ALL):
        say_fault(
            proof, name, [each for each in done if each.run.name.startswith(f"{name.replace(' ', '-')}-")]
        )


def say_pair(proof: Proof, pair: stacks.Pair) -> None:
    figure = f"{pair.first} orders by one, {pair.second} by the other, which says: {pair.said}"
    proof.say("two traders on one wallet", figure, "one trades, the other says why not",
              holds=pair.first > 0 == pair.second and "another" in pair.said)  # fmt: skip


def say_shards(proof: Proof, two: shards.TwoShards) -> None:
    figure = (
        f"{two.first_open} and {two.second_open} orders open, the dead one's cancelled {two.cancelled_ms} ms after "
        f"the kill, beats again after {two.beats_again_ms} ms"
    )
    proof.say("two shards on one wallet, one killed", figure, f"at most {two.allowed_ms} ms, then beats",
              holds=two.holds)  # fmt: skip


def main() -> None:
    began = time.monotonic()
    proof = Proof("rehearsal")
    prove(proof)
    facts = {
        "machine": machine(),
        "full": FULL,
        "seeds": SEEDS,
        "kills": KILLS,
        "took_s": round(time.monotonic() - began),
    }
    sys.exit(proof.end(facts))


if __name__ == "__main__":
    main()
