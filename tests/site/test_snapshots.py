"""``data/``: whole files with a schema, whatever happens to who writes them."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_django import Settings

from polyloly_site import snapshots
from polyloly_site.env import ROOT
from tests.servers import wait_until

# Writes for ever, each time other content of a few hundred kB under one number.
WRITER = """
import itertools, pathlib, sys, django
django.setup()
from polyloly_site import snapshots
path = pathlib.Path(sys.argv[1])
for number in itertools.count():
    snapshots._replace(path, {"number": number, "rows": [number] * 60_000})
"""


@pytest.fixture
def state(settings: Settings, tmp_path: Path) -> Path:
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"state_dir": tmp_path})
    return tmp_path


@pytest.mark.django_db
def test_both_files_are_written_with_schema_time_and_mode(state: Path) -> None:
    folder = snapshots.write()

    assert folder == state / "data"
    for name, part in (("state_snapshot.json", "open_orders"), ("positions.json", "positions")):
        content = json.loads((folder / name).read_text())
        assert (content["schema"], content["mode"]) == (snapshots.SCHEMA, "demo")
        assert content["at_ms"] > 0
        assert content[part] == []
    assert {path.name for path in folder.iterdir()} == {"state_snapshot.json", "positions.json"}


def test_a_reader_sees_whole_files_while_they_are_written_and_after_the_writer_was_killed(
    tmp_path: Path,
) -> None:
    path = tmp_path / "positions.json"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONPATH": str(ROOT)}
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], cwd=ROOT, env=environment)
    try:
        wait_until(path.exists, what="the first file", timeout_s=60)
        seen = {whole(path) for _ in range(50)}
        first = max(seen)
        wait_until(lambda: whole(path) > first, what="a later file", timeout_s=60)
    finally:
        writer.send_signal(signal.SIGKILL)
        writer.wait(10)

    assert whole(path) > first
    snapshots._replace(path, {"number": -1, "rows": [-1] * 60_000})
    assert whole(path) == -1
    assert [each.name for each in tmp_path.iterdir()] == ["positions.json"], "no rest of the killed one"


def whole(path: Path) -> int:
    """The number of the file, every row of which bears it."""
    content = json.loads(path.read_text())
    assert set(content["rows"]) == {content["number"]}
    return int(content["number"])
