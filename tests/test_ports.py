"""Goal: no two stacks that start at the same moment are given the same ports.

Method: several processes ask at once and stay, as test runs side by side do.
"""

import subprocess
import sys
from typing import Final

from polyloly_site.env import ROOT
from tests import ports

ASKS: Final = """
import sys
from tests.ports import free_port
print(*[free_port() for _ in range(5)], flush=True)
sys.stdin.read()
"""


def test_who_asks_at_once_is_given_ports_of_their_own() -> None:
    asking = [
        subprocess.Popen(
            [sys.executable, "-c", ASKS],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    given: list[int] = []
    try:
        for process in asking:
            assert process.stdout is not None
            given += map(int, process.stdout.readline().split())
    finally:
        for process in asking:
            process.communicate()

    assert len(given) == 20
    assert len(set(given)) == 20


def test_one_process_is_never_given_the_same_twice() -> None:
    assert len({ports.free_port() for _ in range(10)}) == 10
