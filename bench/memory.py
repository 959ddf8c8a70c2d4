"""What 100 markets cost the trader: a process of its own, resident memory before and after, imports left out.

Run as ``python -m bench.memory``; prints one JSON object.
"""

import gc
import heapq
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from bench.settings import STATE, set_up

set_up()

from bench.ours import replay_setup  # noqa: E402 settings first
from core.units import usdc  # noqa: E402
from feeds.market_defaults import load  # noqa: E402
from feeds.tapes import TapeListing, open_tape  # noqa: E402
from simulator.tape import write_tape  # noqa: E402
from trading.replay import Replay  # noqa: E402

MARKETS: Final = 100
MINUTES: Final = 5
EVENINGS_MAX: Final = 20


def resident_mb() -> float:
    """Resident memory of this process, as the kernel states it."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1_000_000


def evenings() -> list[Path]:
    """As many simulated evenings as hold ``MARKETS`` markets, each with its own seed."""
    paths: list[Path] = []
    listed = 0
    while listed < MARKETS and len(paths) < EVENINGS_MAX:
        path = STATE / f"evening{len(paths)}" / "tape.jsonl.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_tape(path, seed=1_000 + len(paths), minutes=MINUTES)
        listed += len(json.loads((path.parent / "markets.json").read_bytes()))
        paths.append(path)
    return paths


def written_elsewhere() -> list[Path]:
    """The evenings, written by a child: what writing them needs must not be there for the measured run to reuse."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(evenings).result(timeout=300)


def main() -> None:
    """Run all evenings at once through parser, runner, engine and paper venue."""
    paths = written_elsewhere()
    defaults = load()
    gc.collect()
    before = resident_mb()
    run = Replay(open_tape(paths[0], defaults), replay_setup(), usdc("10000"))
    for line in heapq.merge(*(open_tape(path, defaults) for path in paths), key=lambda each: each.recv_ms):
        if not isinstance(line, TapeListing) or len(run.engine.desks) < MARKETS:
            run.take(line)
    gc.collect()
    used = resident_mb() - before
    markets = len(run.engine.desks)
    sys.stdout.write(
        json.dumps({"markets": markets, "mb": round(used, 1), "mb_per_100": round(used * 100 / markets, 1)})
    )


if __name__ == "__main__":
    main()
