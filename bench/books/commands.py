"""A stack's own commands, run beside it as an operator would."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.rehearsal.runs import INHERITED, ROOT
from infra import clock
from tests.stacks import Stack, environment_of

WITHIN_S: Final = 150.0


@dataclass(frozen=True, slots=True)
class Told:
    """What ``manage.py reconcile --json`` said. ``status`` is its exit."""

    status: int
    said: dict[str, Any]
    words: str

    @property
    def kinds(self) -> list[str]:
        return sorted(each["kind"] for each in self.said.get("differences", []) if each["kind"] != "dust")

    @property
    def figures(self) -> list[dict[str, Any]]:
        """Every figure that both sides spoke of."""
        return [each for each in self.said.get("figures", []) if each["theirs"] is not None]

    @property
    def apart(self) -> list[str]:
        """Figures that are not the same to the last millionth."""
        return [
            f"{each['market_id'] or 'cash'} {each['outcome'] or ''}: {each['ours']} ours, {each['theirs']} theirs"
            for each in self.figures
            if each["ours"] != each["theirs"]
        ]

    @property
    def words_apart(self) -> list[str]:
        """What differs, with what each side says."""
        named = [each for each in self.said.get("differences", []) if each["kind"] != "dust"]
        return [f"{each['kind']} {each['market_id']} {each['evidence']}" for each in named]


def environment(stack: Stack, *, paper: bool, state: Path | None = None, **more: str) -> dict[str, str]:
    """The settings of the stack, as a shell beside it has them, and its clock: speed is no matter here."""
    kept = {name: value for name, value in os.environ.items() if name not in INHERITED}
    return {
        **kept,
        "DJANGO_SETTINGS_MODULE": "polyloly_site.settings",
        "STATE_DIR": str(state or stack.state),
        "PORT": str(stack.port),
        "VENUE": "simulator",
        "PAPER_TRADING": "true" if paper else "false",
        "NTP_SERVER": "off",
        **_anchor(stack),
        **more,
    }


def _anchor(stack: Stack) -> dict[str, str]:
    """Where the stack's clock began, as its processes were told."""
    mark = f"{clock.ANCHOR_VARIABLE}=".encode()
    told = (line for pid in stack.pids() for line in environment_of(pid) if line.startswith(mark))
    line = next(told, None)
    return {} if line is None else {clock.ANCHOR_VARIABLE: line.removeprefix(mark).decode()}


def run(known: dict[str, str], *command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=known,
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def reconcile(known: dict[str, str], *words: str) -> Told:
    done = run(known, "manage.py", "reconcile", "--json", *words)
    try:
        said = json.loads(done.stdout)
    except ValueError:
        said = {}
    return Told(done.returncode, said, done.stderr[-2_000:])


def identity(known: dict[str, str]) -> dict[str, Any]:
    done = run(known, "-m", "bench.books.identity")
    return dict(json.loads(done.stdout)) if done.returncode == 0 else {"error": done.stderr[-300:]}
