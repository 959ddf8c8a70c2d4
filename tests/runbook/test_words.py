"""What the runbook names exists: its commands and flags, targets, addresses, metrics, event types, sections."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest
from django.core.management import get_commands, load_command_class
from django.urls import resolve

from polyloly_site.env import ROOT
from tests.runbook.blocks import OPTIONS, RUNBOOK, Block, RunbookError, blocks
from tests.runbook.commands import METRIC, addresses, managed, targets

BLOCKS: Final = blocks()
ROOMS: Final = ("infra", "risk", "feeds", "trading", "polyloly_site")
METRIC_END: Final = re.compile(r"_(total|bucket|sum|count)$")


def test_jq_is_there() -> None:
    assert shutil.which("jq"), "the log queries of the runbook need jq: install Debian's package jq"


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_a_block_is_bash(block: Block) -> None:
    read = subprocess.run(
        ["bash", "-n"], input=block.text, capture_output=True, text=True, timeout=10, check=False
    )

    assert read.returncode == 0, read.stderr


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_its_commands_take_their_flags(block: Block) -> None:
    known = get_commands()
    for name, *words in managed(block):
        assert name in known, f"there is no manage.py {name}"
        command = load_command_class(str(known[name]), name)
        command.create_parser("manage.py", name).parse_args(words)


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_its_make_targets_exist(block: Block) -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert [name for name in targets(block) if not re.search(rf"^{name}:", makefile, re.MULTILINE)] == []


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_its_addresses_lead_somewhere(block: Block) -> None:
    for path in addresses(block):
        resolve(path)


def test_every_metric_it_names_is_ours() -> None:
    code = "".join(path.read_text() for room in ROOMS for path in (ROOT / room).rglob("*.py"))
    named = {METRIC_END.sub("", name) for name in METRIC.findall(RUNBOOK.read_text())}

    assert [name for name in sorted(named) if f'"{name}"' not in code] == []


@pytest.mark.parametrize("options", ["sh soon", "bash", "sh exit"])
def test_a_fence_that_says_something_else_is_refused(tmp_path: Path, options: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Title\n\n```{options}\ntrue\n```\n")

    with pytest.raises(RunbookError, match="line 3"):
        blocks(page)


def test_every_option_is_in_use() -> None:
    page = RUNBOOK.read_text()
    assert [
        name for name in OPTIONS if not re.search(rf"^```sh.* {re.escape(name)}", page, re.MULTILINE)
    ] == []
