"""Lines for three in the morning: whole, ordered, without secrets, never in the way."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra import logs
from infra.logs import LineWriter


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator["Written"]:
    path = tmp_path / "logs" / "bot.jsonl"
    monkeypatch.setattr(logs.destination, "writer", None)
    monkeypatch.setattr(logs.destination, "fields", {})
    root = logging.getLogger()
    before = list(root.handlers)
    logs.start(path, mode="demo", process="test")
    yield Written(path)
    root.handlers[:] = before


class Written:
    def __init__(self, path: Path) -> None:
        self.path = path

    def lines(self) -> list[dict[str, Any]]:
        logs.flush()
        return [json.loads(line) for line in self.path.read_text().splitlines()]


def test_a_line_has_the_fields_everybody_may_count_on(written: Written) -> None:
    logs.get("runner").info("order placed", event_type="order_placed", market_id="0xabc", latency_ms=3)

    (line,) = written.lines()
    assert line.pop("ts").endswith("Z")
    assert line == {
        "level": "info",
        "component": "runner",
        "mode": "demo",
        "process": "test",
        "event_type": "order_placed",
        "event": "order placed",
        "market_id": "0xabc",
        "latency_ms": 3,
    }


@pytest.mark.parametrize("field", ["admin_token", "password", "SECRET_KEY", "private_key", "Authorization"])
def test_a_secret_by_name_is_not_written(written: Written, field: str) -> None:
    logs.get("runner").info("started", **{field: "hunter2"})

    assert written.lines()[0][field] == "hidden"
    assert "hunter2" not in written.path.read_text()


def test_a_venue_token_id_is_no_secret(written: Written) -> None:
    logs.get("runner").info("subscribed", token_id="123")

    assert written.lines()[0]["token_id"] == "123"


def test_an_exception_is_one_line(written: Written) -> None:
    try:
        raise ValueError("broken\nin two lines")
    except ValueError:
        logs.get("runner").exception("step failed")

    (line,) = written.lines()
    assert "in two lines" in line["exception"]


def test_a_librarys_warning_is_in_the_same_file(written: Written) -> None:
    logging.getLogger("some.library").warning("odd: %s", 5)

    (line,) = written.lines()
    assert (line["component"], line["event"], line["level"]) == ("some.library", "odd: 5", "warning")


def test_a_rotated_file_is_opened_anew(written: Written) -> None:
    log = logs.get("runner")
    log.info("before")
    written.lines()
    written.path.rename(written.path.with_suffix(".1"))
    log.info("after")

    assert [line["event"] for line in written.lines()] == ["after"]


def test_a_full_queue_loses_lines_and_says_how_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """How many get through depends on the writing thread; that none vanishes uncounted does not."""
    monkeypatch.setattr(logs, "LINES_MAX", 2)
    writer = LineWriter(tmp_path / "log")
    for n in range(10):
        writer.write(json.dumps({"n": n}))
    writer.flush()
    writer.write(json.dumps({"n": "last"}))
    writer.flush()

    lines = [json.loads(line) for line in writer.path.read_text().splitlines()]
    assert sum(line.get("lost_lines", 0) for line in lines) + sum("n" in line for line in lines) == 11


def test_lines_of_several_processes_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "bot.jsonl"
    code = (
        "import sys; from pathlib import Path; from infra import logs\n"
        "logs.start(Path(sys.argv[1]), mode='demo', process=sys.argv[2])\n"
        "log = logs.get('writer')\n"
        "for n in range(500): log.info('counted', n=n, filler='x' * 300)\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, str(path), str(n)]) for n in range(3)]
    assert [writer.wait(30) for writer in writers] == [0, 0, 0]

    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for process in ("0", "1", "2"):
        assert [line["n"] for line in lines if line["process"] == process] == list(range(500))


def test_a_large_log_is_moved_aside_and_the_last_few_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "FILE_BYTES_MAX", 10)
    path = tmp_path / "bot.jsonl"
    for turn in range(8):
        path.write_text(f"turn {turn} and more\n")
        logs.rotate(path)

    kept = {found.name: found.read_text()[:6] for found in tmp_path.iterdir()}
    assert kept == {f"bot.jsonl.{n}": f"turn {8 - n}" for n in range(1, logs.FILES_KEPT + 1)}


def test_a_small_log_stays(tmp_path: Path) -> None:
    path = tmp_path / "bot.jsonl"
    path.write_text("short\n")

    logs.rotate(path)

    assert path.exists()
