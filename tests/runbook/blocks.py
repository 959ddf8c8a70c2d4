"""The runbook's fenced blocks, as the tests run them. Read ``OPTIONS`` first: it is what a fence may say.

A block is bash, run in the project's folder with the stack's environment. By itself it must end with 0.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from polyloly_site.env import ROOT

RUNBOOK: Final = ROOT / "docs" / "runbook.md"
FENCE: Final = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING: Final = re.compile(r"^#{1,4} (?P<words>.+)$", re.MULTILINE)
OPTIONS: Final = {
    "live": "needs real money, containers or a fresh machine: read and checked, not run",
    "armed": "starts, arms or disarms: run around all others, in order of the page",
    "last": "ends the stack: run after all others",
    "stopped": "for a stack that has ended, whose venue goes on: run at the very end",
    "finds": "must print something",
    "exit=": "must end with one of these codes, with commas between",
    "within=": "is tried again until it passes, so many seconds",
}
NOT_RUN: Final = frozenset({"text", "json", "jsonc", "ini", "yaml"})  # shown, not typed
SHOWN_MAX: Final = 800


class RunbookError(Exception):
    """The runbook says something the tests do not understand. Names the line."""


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block.

    Units:
        line: of its fence, from 1.
        within_s: how long it may take until it passes; 0: the first time counts.
    """

    section: str
    line: int
    text: str
    live: bool
    armed: bool
    last: bool
    stopped: bool
    finds: bool
    exits: frozenset[int]
    within_s: int

    def __str__(self) -> str:
        return f"{RUNBOOK.name}:{self.line} ({self.section})"


def blocks(path: Path = RUNBOOK) -> list[Block]:
    """Every block a person may type, in order. Raises ``RunbookError``."""
    page = path.read_text()
    found = []
    for fence in FENCE.finditer(page):
        language, *options = fence["info"].split()
        line = page.count("\n", 0, fence.start()) + 1
        if language in NOT_RUN and not options:
            continue
        if language != "sh":
            raise RunbookError(
                f"line {line}: a block must be sh, or one of {sorted(NOT_RUN)}, not {language!r}"
            )
        found.append(_block(_section(page, fence.start()), line, fence["text"], options))
    if page.count("\n```") != 2 * len(FENCE.findall(page)):
        raise RunbookError("a fence is not closed")
    return found


def _section(page: str, at: int) -> str:
    headings = [heading["words"] for heading in HEADING.finditer(page, 0, at)]
    return headings[-1] if headings else ""


def _block(section: str, line: int, text: str, options: list[str]) -> Block:
    said: dict[str, str] = {}
    for option in options:
        name, equals, value = option.partition("=")
        if name + equals not in OPTIONS:
            raise RunbookError(f"line {line}: no option {option!r}; there are {', '.join(OPTIONS)}")
        said[name] = value
    return Block(
        section=section,
        line=line,
        text=text,
        live="live" in said,
        armed="armed" in said,
        last="last" in said,
        stopped="stopped" in said,
        finds="finds" in said,
        exits=frozenset(int(code) for code in said.get("exit", "0").split(",")),
        within_s=int(said.get("within", "0")),
    )
