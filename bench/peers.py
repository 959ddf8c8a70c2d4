"""``make bench-peers``: the same tapes through polyws and NautilusTrader, beside ours, in the same run.

The peers live in an environment of their own under ``var/bench/peers``, pinned. Each runs its own decoding and its
own book, called without its network, bus or logging: the least it can do and still know whether two raw asks sum
below one. Rounds take turns; each frame counts with its fastest round.
"""

import json
import subprocess
import sys
import venv
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from bench.settings import STATE, set_up

set_up()

from bench import frames, ours  # noqa: E402 settings first
from bench.frames import Frames  # noqa: E402
from bench.run import RESULTS  # noqa: E402
from bench.timing import as_row, machine, quiet, spread, timed  # noqa: E402

PINS: Final = ("polyws==0.2.3", "nautilus_trader[polymarket]==1.221.0")
PEERS: Final = {"polyws": "peer_polyws.py", "nautilus_trader": "peer_nautilus.py"}
ROUNDS: Final = 5
RATIO_MIN: Final = 2.0
HERE: Final = Path(__file__).resolve().parent


def environment() -> Path:
    """The peers' interpreter; installed once for these pins."""
    home = STATE / "peers"
    python, stamp = home / "bin" / "python", home / "installed.json"
    if not stamp.is_file() or json.loads(stamp.read_text()) != list(PINS):
        sys.stdout.write(f"installing {', '.join(PINS)} into an environment of their own\n")
        venv.create(home, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *PINS], check=True, timeout=1_200)
        stamp.write_text(json.dumps(list(PINS)))
    return python


def unpacked(tape: Frames) -> Path:
    """The tape as plain lines: the tokens of each market first, then the frames as received."""
    path = STATE / f"peers_{tape.name}.jsonl"
    with path.open("wb") as out:
        markets = [
            {"market": listing.market_id, "yes": listing.yes_token, "no": listing.no_token}
            for _, listing in tape.listings
        ]
        out.write(json.dumps(markets).encode() + b"\n")
        for _, text in tape.frames:
            out.write(text.strip() + b"\n")
    return path


def peer_round(python: Path, script: str, path: Path) -> list[int]:
    """Nanoseconds of every frame, by the peer's own process."""
    done = subprocess.run(
        [python, HERE / script, path], capture_output=True, text=True, timeout=900, check=False
    )
    if done.returncode:
        raise SystemExit(f"{script} failed:\n{done.stderr[-2000:]}")
    spent: list[int] = json.loads(done.stdout)
    return spent


def plain(tape: Frames) -> Frames:
    """Without the messages that only a subscriber to the venue's custom features gets: the peers do not know them."""
    kept = tuple(frame for frame in tape.frames if b"market_resolved" not in frame[1])
    return replace(tape, frames=kept)


def measured(tape: Frames, python: Path) -> dict[str, Any]:
    tape = plain(tape)
    path = unpacked(tape)
    rounds: dict[str, list[list[int]]] = {name: [] for name in ("polyloly", *PEERS)}
    for _ in range(ROUNDS):
        rounds["polyloly"].append(timed(ours.book_and_pair(tape), tape.frames))
        for name, script in PEERS.items():
            rounds[name].append(peer_round(python, script, path))
    rows = {name: as_row(spread(quiet(spent))) for name, spent in rounds.items()}
    fastest = min(PEERS, key=lambda name: rows[name]["mean_us"])
    return {
        **rows,
        "faster_peer": fastest,
        "times_faster": round(rows[fastest]["mean_us"] / rows["polyloly"]["mean_us"], 2),
    }


def main() -> None:
    python = environment()
    found = {tape.name: measured(tape, python) for tape in frames.both()}
    kept = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    RESULTS.write_text(
        json.dumps(
            {**kept, "machine": machine(), "peers": {"pins": PINS, "rounds": ROUNDS, **found}}, indent=2
        )
        + "\n"
    )
    short = False
    for name, rows in found.items():
        sys.stdout.write(f"{name}\n")
        for system in ("polyloly", *PEERS):
            row = rows[system]
            sys.stdout.write(
                f"  {system:16} mean {row['mean_us']:8.2f}  p50 {row['p50_us']:8.2f}  p99 {row['p99_us']:8.2f} us\n"
            )
        enough = rows["times_faster"] >= RATIO_MIN
        short = short or not enough
        sys.stdout.write(
            f"  {rows['times_faster']} times faster than {rows['faster_peer']} (at least {RATIO_MIN}):"
            f" {'yes' if enough else 'NO'}\n"
        )
    sys.exit(1 if short else 0)


if __name__ == "__main__":
    main()
