"""Replay: the same tape gives the same decisions, and a recorded session decides as it did."""

import asyncio
import gzip
import json
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import pytest

from core import events as ev
from core.engine import Step
from core.ids import IntentKey
from core.units import usdc
from feeds.market_defaults import load
from feeds.recorder import Recorder
from feeds.tapes import TapeFrame, TapeListing, open_tape
from simulator.tape import write_tape
from trading.replay import Progress, Replay
from trading.shard.setup import engine_setup

SEED: Final = 5


class Orders:
    """A witness that keeps what was ordered, and when."""

    def __init__(self) -> None:
        self.placed: list[tuple[int, IntentKey, int, int]] = []

    def saw(self, event: ev.Event, step: Step) -> None:
        for approved in step.approved:
            place = approved.intent
            self.placed.append((place.decided_ms, place.key, place.price, place.shares))

    def failed(self, event: ev.Event, error: Exception) -> None:
        raise error


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two simulated minutes."""
    path = tmp_path_factory.mktemp("evening") / "tape.jsonl.gz"
    write_tape(path, seed=SEED, minutes=2)
    return path


def a_replay(path: Path, witness: Orders | None = None) -> Replay:
    setup = engine_setup("replay:main", own_shown=False, quote_in_play=True)
    return Replay(open_tape(path, load()), setup, usdc("10000"), witness=witness)


def ignore(_: Progress) -> None: ...


async def played(path: Path, witness: Orders | None = None) -> dict[str, Any]:
    return await a_replay(path, witness).run(speed=None, told=ignore)


async def test_two_runs_give_one_digest_and_one_report(evening: Path) -> None:
    first, second = await played(evening), await played(evening)

    timed = {"wall_s", "frames_per_s"}
    assert {key: first[key] for key in first.keys() - timed} == {
        key: second[key] for key in second.keys() - timed
    }
    assert first["orders"] > 0
    assert first["step_failures"] == 0
    assert len(first["digest"]) == 64


async def test_another_tape_gives_another_digest(evening: Path, tmp_path: Path) -> None:
    shorter = tmp_path / "tape.jsonl.gz"
    with gzip.open(evening, "rb") as file:
        lines = file.readlines()
    with gzip.open(shorter, "wb") as out:
        out.writelines(lines[: len(lines) // 2])
    (tmp_path / "markets.json").write_bytes(evening.with_name("markets.json").read_bytes())

    assert (await played(shorter))["digest"] != (await played(evening))["digest"]


async def test_speed_changes_nothing_but_the_time_it_takes(evening: Path) -> None:
    paced = await a_replay(evening).run(speed=Fraction(1_000), told=ignore)

    assert paced["digest"] == (await played(evening))["digest"]


async def test_what_was_recorded_gives_the_orders_that_were_given(evening: Path, tmp_path: Path) -> None:
    """The session's frames go to our recorder as the trader's do; its tape is the session over again."""
    recorder, session = Recorder(tmp_path / "kept"), Orders()
    live = a_replay(evening, session)
    for line in live.tape:
        if isinstance(line, TapeListing):
            recorder.listed(line.listing)
        elif isinstance(line, TapeFrame):
            recorder.frame(line.frame, line.recv_ms)
        live.take(line)
    await asyncio.to_thread(recorder.close)

    kept = Orders()
    again = a_replay(tmp_path / "kept", kept)
    for line in again.tape:
        again.take(line)

    assert session.placed
    assert kept.placed == session.placed
    assert again.digest.hexdigest() == live.digest.hexdigest()


async def test_every_key_of_the_report_is_there(evening: Path) -> None:
    report = await played(evening)

    asked = (
        "frames messages changes markets tape_s wall_s frames_per_s trust_s phantom_pairs phantom_median_ms gates"
        " orders fills fees locked_pnl realized_pnl refused_input market_defaults digest"
    )
    assert set(asked.split()) <= set(report)
    assert json.loads(json.dumps(report)) == report
    assert sum(report["trust_s"].values()) > 0


async def test_bad_lines_are_counted_and_the_rest_is_played(evening: Path, tmp_path: Path) -> None:
    bad = tmp_path / "tape.jsonl.gz"
    with gzip.open(evening, "rb") as file:
        lines = file.readlines()
    lines[100] = b'{"recv_ms": 17\n'
    lines[200] = b'{"recv_ms": %d, "frame": {"event_type": "surprise"}}\n' % json.loads(lines[200])["recv_ms"]
    with gzip.open(bad, "wb") as out:
        out.writelines(lines)
    (tmp_path / "markets.json").write_bytes(evening.with_name("markets.json").read_bytes())

    report = await played(bad)

    assert report["refused_input"]["unreadable_line"] == 1
    assert report["refused_input"]["unknown_event_type"] == 1
    assert report["frames"] == len(lines) - 1
    assert report["step_failures"] == 0
