"""``make bench``: speed and memory on both tapes, signing and the way of an order; kept in ``bench/results.json``."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from bench.settings import set_up

set_up()

from bench import frames, order_path, ours, signing, timing  # noqa: E402 settings first
from bench.frames import Frames  # noqa: E402
from bench.timing import Spread, quiet, spread, timed  # noqa: E402

ROUNDS: Final = 5
RESULTS: Final = Path(__file__).resolve().parent / "results.json"
STEP_P50_US_MAX: Final = 40.0
DECODE_RATIO_MAX: Final = 3.0
MB_MAX: Final = 60.0


def measured(tape: Frames) -> dict[str, Spread]:
    """All rows of one tape. Bare decode and our path take turns, so that drift meets both."""
    bare, untyped, path, step = [], [], [], []
    events = ours.parsed(tape)
    for _ in range(ROUNDS):
        bare.append(timed(ours.bare_decode(), tape.frames))
        untyped.append(timed(ours.untyped_decode(), tape.frames))
        path.append(timed(ours.book_and_pair(tape), tape.frames))
        step.append(timed(ours.engine_for(tape).step, events))
    books = list(ours.filled_books(tape).values())
    snapshots = spread(timed(ours.snapshot, books * (2_000 // len(books) + 1)))
    return {
        "bare_decode": spread(quiet(bare)),
        "untyped_decode": spread(quiet(untyped)),
        "decode_book_pair": spread(quiet(path)),
        "engine_step": spread(quiet(step)),
        "book_snapshot": snapshots,
    }


def memory() -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.memory"], capture_output=True, text=True, timeout=600, check=True
    )
    shown: dict[str, Any] = json.loads(done.stdout)
    return shown


def results() -> dict[str, Any]:
    tapes: dict[str, Any] = {}
    both = frames.both()
    for tape in both:
        rows = measured(tape)
        path, bare = rows["decode_book_pair"], rows["bare_decode"]
        tapes[tape.name] = {
            "frames": len(tape.frames),
            **{name: timing.as_row(row) for name, row in rows.items()},
            "p99_against_bare_decode": round(path.p99_us / bare.p99_us, 2),
            "p99_against_untyped_decode": round(path.p99_us / rows["untyped_decode"].p99_us, 2),
        }
    return {
        "machine": timing.machine(),
        "rounds": ROUNDS,
        "tapes": tapes,
        "memory": memory(),
        "signing": signing.results(),
        "order_path": order_path.results(both[0]),
    }


def main() -> None:
    found = results()
    kept = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    RESULTS.write_text(json.dumps({**kept, **found}, indent=2) + "\n")
    out = sys.stdout.write
    for name, tape in found["tapes"].items():
        out(f"{name}: {tape['frames']:,} frames\n")
        for row in ("bare_decode", "untyped_decode", "decode_book_pair", "engine_step", "book_snapshot"):
            spent = tape[row]
            out(
                f"  {row:18} mean {spent['mean_us']:8.2f}  p50 {spent['p50_us']:8.2f}  p99 {spent['p99_us']:8.2f} us\n"
            )
        out(
            f"  p99 of decode_book_pair / bare_decode: {tape['p99_against_bare_decode']} (at most {DECODE_RATIO_MAX});"
            f" / untyped_decode: {tape['p99_against_untyped_decode']}\n"
        )
        out(f"  engine_step p50: {tape['engine_step']['p50_us']} us (at most {STEP_P50_US_MAX})\n")
    out(signing.told(found["signing"]))
    out(order_path.told(found["order_path"]))
    used = found["memory"]
    out(
        f"memory: {used['mb']} MB for {used['markets']} markets, {used['mb_per_100']} per 100 (at most {MB_MAX})\n"
    )


if __name__ == "__main__":
    main()
