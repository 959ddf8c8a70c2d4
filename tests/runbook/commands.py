"""What a block calls: management commands with their flags, make targets, addresses. Text only, nothing is run."""

import re
import shlex
from collections.abc import Iterator
from typing import Final

from tests.runbook.blocks import Block

CONTINUED: Final = re.compile(r"\\\n\s*")
MANAGE: Final = re.compile(r"(?:\./)?manage\.py (?P<words>[^|;&>\n)]+)")
MAKE: Final = re.compile(r"^\s*(?:[A-Z_]+=\S+ )*make (?P<targets>[a-z -]+)", re.MULTILINE)
ADDRESS: Final = re.compile(r"\$POLYLOLY(?P<path>/[^\s\"'?]*)")
METRIC: Final = re.compile(r"\bpolyloly_[a-z_]*[a-z]\b(?![({|])")
VARIABLE: Final = re.compile(r"\$\{?\w+\}?|\$\([^)]*\)")


def managed(block: Block) -> Iterator[list[str]]:
    """The words of each ``manage.py`` call; a variable counts as the word ``1``."""
    for call in MANAGE.finditer(CONTINUED.sub(" ", block.text)):
        yield shlex.split(VARIABLE.sub("1", call["words"]))


def targets(block: Block) -> Iterator[str]:
    for call in MAKE.finditer(block.text):
        yield from call["targets"].split()


def addresses(block: Block) -> Iterator[str]:
    """Paths of the console that are asked, a variable in them as ``1``."""
    for found in ADDRESS.finditer(block.text):
        yield VARIABLE.sub("1", found["path"])
