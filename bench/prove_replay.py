"""``make prove-replay``: replay, phantoms, books and bad tapes, on every tape found and two made on the spot.

Each claim of the product about recordings, checked anew against books that share no code with it.
"""

import sys
import time
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from shutil import rmtree
from statistics import median
from typing import Final

from bench.settings import STATE, set_up

set_up()

from bench import bad_tapes, live_recording, witnessed  # noqa: E402 settings first
from bench.claims import Proof  # noqa: E402
from bench.frames import RECORDED, SEED, tapes_dir  # noqa: E402
from bench.timing import machine  # noqa: E402
from bench.witnessed import Found  # noqa: E402
from simulator.tape import write_tape  # noqa: E402

FOLDER: Final = STATE / "proof"
DOTA: Final = "dota2_jun16-17_book_vs_game"
DOTA_TAPE: Final = "derived_ws_replay_"
RAW: Final = Path("btc15m_raw_ws_2026-04")
MIT: Final = "MIT tape"
SIMULATED: Final = "simulated tape"
OUR_RECORDING: Final = "our own recording"
WORKERS: Final = 2
MINUTES: Final = 10
MIT_EPISODES: Final = 29
MIT_MEDIAN_MS: Final = 7
BOOK_WRONG_MAX: Final = 4
APART_MS_MAX: Final = 1_100


def recorded_tapes() -> dict[str, Path]:
    """The real recordings that are there."""
    folder = tapes_dir()
    wanted = {MIT: folder / RECORDED}
    for path in sorted((folder / DOTA).glob(f"{DOTA_TAPE}*")):
        wanted[f"Dota {path.name.removeprefix(DOTA_TAPE).partition('.')[0]}"] = path
    wanted["raw BTC folder"] = folder / RAW
    return {name: path for name, path in wanted.items() if path.exists()}


def simulated_tape() -> Path:
    path = FOLDER / "simulated" / "tape.jsonl.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_tape(path, seed=SEED, minutes=MINUTES)
    return path


def prove(proof: Proof) -> dict[str, Found]:
    """Run everything, two processes at a time, and say what came of it."""
    real = recorded_tapes()
    context = get_context(
        "spawn"
    )  # each run with its own hash seed: an order by hash would show in the digest
    with ProcessPoolExecutor(WORKERS, mp_context=context) as pool:
        recording = pool.submit(live_recording.record_some, FOLDER / "recorded")
        made = pool.submit(simulated_tape)
        runs = {name: both_runs(pool, path) for name, path in real.items()}
        sound = made.result()
        runs[SIMULATED] = both_runs(pool, sound)
        bad = bad_tapes.make(FOLDER / "bad", sound)
        spoiled = [(tape, pool.submit(witnessed.plain, tape.path)) for tape in bad]
        runs[OUR_RECORDING] = both_runs(pool, recording.result())
        found = {name: first.result() for name, (first, _) in runs.items()}
        again = {name: second.result() for name, (_, second) in runs.items()}
        say_found(proof, real)
        for name, shown in found.items():
            say_tape(proof, name, shown, again[name])
        say_all(proof, {name: found[name] for name in real}, found)
        for tape, run in spoiled:
            say_bad(proof, tape, run.result())
    return found


def both_runs(pool: ProcessPoolExecutor, path: Path) -> tuple[Future[Found], Future[Found]]:
    return pool.submit(witnessed.witnessed, path), pool.submit(witnessed.plain, path)


def say_found(proof: Proof, real: dict[str, Path]) -> None:
    names = ", ".join(real) or f"none; set TAPES to where they lie (looked in {tapes_dir().name})"
    proof.say("real recordings found", names, "at least one", holds=True if real else None)


def say_tape(proof: Proof, name: str, found: Found, again: Found) -> None:
    """What must hold on each tape by itself."""
    say = proof.say
    read = f"{found.frames:,} frames, {found.missed} missed, {found.failures} steps failed"
    say(f"{name}: every frame replayed", read, "none missed, none failed",
        holds=None if not found.frames else found.missed == 0 == found.failures)  # fmt: skip
    say(f"{name}: two runs, one digest", f"{found.digest[:16]} and {again.digest[:16]}", "equal",
        holds=found.digest == again.digest)  # fmt: skip
    caused = f"{len(found.unsound_orders)} of {found.orders}, {found.unsound_frames} frames showed one"
    say(f"{name}: orders on a phantom or a broken mirror", caused, "0 orders",
        holds=not found.unsound_orders)  # fmt: skip
    say(f"{name}: sub-1 episodes counted once", f"{found.phantoms} counted, {found.naive_phantoms} naively", "equal",
        holds=found.phantoms == found.naive_phantoms)  # fmt: skip
    if found.stated:
        wrong = f"{found.raw_wrong} (kept) and {found.naive_wrong} (recomputed) of {found.stated:,} wrong"
        say(f"{name}: raw tops against the venue's best_bid and best_ask", wrong, "0",
            holds=found.raw_wrong == 0 == found.naive_wrong)  # fmt: skip


def say_all(proof: Proof, real: dict[str, Found], found: dict[str, Found]) -> None:
    """What must hold on all together."""
    orders = sum(each.orders for each in real.values())
    proof.say("orders placed on the real tapes", orders, "at least 1", holds=orders > 0 if real else None)
    if MIT in found:
        mit = found[MIT]
        lasted = median(mit.naive_lasted_ms) if mit.naive_lasted_ms else None
        proof.say(f"{MIT}: episodes", mit.phantoms, str(MIT_EPISODES), holds=mit.phantoms == MIT_EPISODES)
        proof.say(
            f"{MIT}: median episode", f"{mit.phantom_median_ms} ms, {lasted} ms naively", f"{MIT_MEDIAN_MS} ms",
            holds=mit.phantom_median_ms == MIT_MEDIAN_MS == lasted,
        )  # fmt: skip
    stated = sum(each.stated for each in real.values())
    wrong = sum(each.book_wrong for each in real.values())
    longest = max((each for run in real.values() for each in run.book_wrong_ms), default=0)
    proof.say(
        "the one mirrored book against the venue's tops, real tapes",
        f"{wrong} of {stated:,} differ, longest {longest} ms",
        f"at most {BOOK_WRONG_MAX}, each for less than {APART_MS_MAX} ms",
        holds=(wrong <= BOOK_WRONG_MAX and longest < APART_MS_MAX) if stated else None,
    )


def say_bad(proof: Proof, tape: bad_tapes.BadTape, found: Found) -> None:
    refused = found.refused.get(tape.reason, 0)
    proof.say(
        f"bad tape, {tape.name}",
        f"{refused} refused as {tape.reason}, {found.frames:,} frames replayed, {found.failures} steps failed",
        f"{tape.refused} refused, {tape.frames:,} frames, no crash",
        holds=refused >= tape.refused > 0 and found.frames >= tape.frames and found.failures == 0,
    )


def main() -> None:
    began = time.monotonic()
    rmtree(FOLDER, ignore_errors=True)
    proof = Proof("replay")
    found = prove(proof)
    facts = {
        "tapes": {name: asdict(each) for name, each in found.items()},
        "machine": machine(),
        "wall_s": round(time.monotonic() - began, 1),
    }
    sys.exit(proof.end(facts))


if __name__ == "__main__":
    main()
