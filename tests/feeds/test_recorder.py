"""What was heard is on disk, complete up to the last second, and reads back the same."""

import subprocess
import sys
from pathlib import Path

import pytest

from core.units import Ms
from feeds import market_defaults, recorder
from feeds.recorder import Recorder, frame_line
from feeds.refusals import RefusalReason
from feeds.tapes import Tape, TapeFrame, TapeListing, open_tape
from tests.feeds.frames import SAID, a_book, a_print, frame
from tests.feeds.markets import a_listing


def the_tape(folder: Path) -> Tape:
    return open_tape(folder, market_defaults.load())


def test_frames_and_definitions_read_back_in_order(tmp_path: Path) -> None:
    kept = Recorder(tmp_path)
    kept.listed(a_listing(heard=SAID))
    kept.frame(frame(a_book()), Ms(SAID + 1))
    kept.frame(frame(a_print()) + b"\n", Ms(SAID + 2))
    kept.close()

    tape = the_tape(tmp_path)

    assert list(tape) == [
        TapeListing(Ms(SAID), a_listing(heard=SAID)),
        TapeFrame(Ms(SAID + 1), frame(a_book())),
        TapeFrame(Ms(SAID + 2), frame(a_print())),
    ]
    assert (tape.refused, tape.defaults) == ({}, {})


def test_a_frame_that_is_no_json_is_kept_as_text(tmp_path: Path) -> None:
    kept = Recorder(tmp_path)
    kept.frame(b'{"torn": \n', Ms(SAID))
    kept.close()

    assert list(the_tape(tmp_path)) == [TapeFrame(Ms(SAID), b'{"torn": \n')]


def test_a_frame_over_several_lines_becomes_one_line() -> None:
    assert frame_line(b'{"a":\r\n1}\n', Ms(5)) == b'{"recv_ms":5,"frame":{"a":  1}}\n'


def test_a_full_queue_drops_and_says_how_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "WAITING_MAX", 0)
    kept = Recorder(tmp_path)
    kept.frame(frame(a_book()), Ms(SAID))
    monkeypatch.setattr(recorder, "WAITING_MAX", 100)
    kept.frame(frame(a_print()), Ms(SAID + 1))
    kept.close()

    tape = the_tape(tmp_path)

    assert len(list(tape)) == 1
    assert tape.refused == {RefusalReason.TRUNCATED: 1}
    assert kept.dropped == 1


def test_each_file_begins_with_the_markets_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "FILE_BYTES_MAX", 2_000)
    kept = Recorder(tmp_path)
    kept.listed(a_listing(heard=SAID))
    for ms in range(20):
        kept.frame(frame(a_book()), Ms(SAID + ms))
    kept.close()

    files = list(tmp_path.iterdir())
    assert len(files) > 1
    assert len(list(the_tape(tmp_path))) == 21, "one definition, however many files begin with it"
    for path in files:
        first = next(iter(open_tape(path, market_defaults.load())))
        assert isinstance(first, TapeListing)


KILLED = """
import os, sys, time
from pathlib import Path
from core.units import Ms
from feeds.recorder import Recorder
kept = Recorder(Path(sys.argv[1]))
for number in range(1000):
    kept.frame(b'{"number":%d}' % number, Ms(1790000000000 + number))
while kept.written < 1000:
    time.sleep(0.01)
time.sleep(1.5)
print("kept", flush=True)
time.sleep(60)
"""


def test_a_killed_recorder_leaves_everything_that_was_flushed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.kill()

    tape = the_tape(tmp_path)

    assert len(list(tape)) == 1_000
    assert tape.refused == {}


def test_a_disk_that_cannot_be_written_ends_the_recording_and_nothing_else(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")

    kept = Recorder(blocked / "folder")
    kept.frame(frame(a_book()), Ms(SAID))
    kept.close()

    assert kept.written == 0
