"""What the replay command refuses, it refuses by name."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command


def test_a_file_that_is_no_recording_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.jsonl"
    page.write_text("<html>not a tape</html>\n")

    with pytest.raises(
        CommandError, match=r"page.jsonl holds no frame that can be replayed: .*unreadable_line"
    ):
        call_command("replay", str(page), "--json")


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="neither a file nor a folder"):
        call_command("replay", str(tmp_path / "nowhere"))
