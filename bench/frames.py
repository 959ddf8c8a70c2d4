"""The two tapes that everything is measured on, as frames in memory.

``simulated``: written by our simulator, 2 changes a frame, the usual live shape. ``recorded``: the MIT recording of
``$TAPES`` (default ``../shared/data``), 38 changes a frame on average; left out with a word where it is not found.
"""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.events import MarketListed
from core.units import Ms
from feeds.market_defaults import load
from feeds.tapes import TapeFrame, open_tape
from simulator.tape import write_tape

ROOT: Final = Path(__file__).resolve().parent.parent
RECORDED: Final = Path("btc15m_l2_2026-09") / "derived_ws_replay.jsonl.gz"
SEED: Final = 20_261
MINUTES: Final = 10


@dataclass(frozen=True, slots=True)
class Frames:
    """One tape. ``listings`` come with the number of the frame they precede."""

    name: str
    frames: tuple[tuple[Ms, bytes], ...]
    listings: tuple[tuple[int, MarketListed], ...]


def tapes_dir() -> Path:
    """Where recordings lie: ``$TAPES``, else beside the project."""
    return Path(os.environ.get("TAPES", ROOT.parent / "shared" / "data"))


def simulated() -> Frames:
    """Ten minutes of the simulator's evening, written anew: the same bytes on every machine."""
    path = ROOT / "var" / "bench" / "simulated.jsonl.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_tape(path, seed=SEED, minutes=MINUTES)
    return read("simulated", path)


def recorded() -> Frames | None:
    path = tapes_dir() / RECORDED
    if not path.is_file():
        sys.stderr.write(f"no recording at {path}: set TAPES to measure on it as well\n")
        return None
    return read("recorded", path)


def both() -> list[Frames]:
    return [tape for tape in (simulated(), recorded()) if tape is not None]


def read(name: str, path: Path) -> Frames:
    """Load a tape into memory."""
    frames: list[tuple[Ms, bytes]] = []
    listings: list[tuple[int, MarketListed]] = []
    for line in open_tape(path, load()):
        if isinstance(line, TapeFrame):
            frames.append((line.recv_ms, line.frame))
        else:
            listings.append((len(frames), line.listing))
    return Frames(name, tuple(frames), tuple(listings))
