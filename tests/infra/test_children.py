"""Children come back when they die and go when we do."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from infra import children, clock
from infra.children import Child, Program, end
from tests.servers import wait_until

WAITS = "import signal; signal.pause()"
DEAF = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
while True:
    signal.pause()
"""
PARENT = """
import os, sys
from pathlib import Path
from infra.children import Child, Program
child = Child(Program("sleeper", (sys.executable, "-c", "import signal; signal.pause()"), {}), Path(sys.argv[1]))
child.start()
print(child.process.pid, flush=True)
import signal; signal.pause()
"""


@pytest.fixture
def made(tmp_path: Path) -> Iterator["Maker"]:
    maker = Maker(tmp_path)
    yield maker
    end(maker.children, within_ms=0)


class Maker:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.children: list[Child] = []

    def __call__(self, code: str, name: str = "child") -> Child:
        child = Child(Program(name, (sys.executable, "-c", code), {}), self.folder / f"{name}.out")
        child.start()
        self.children.append(child)
        return child


def dead(pid: int) -> bool:
    """Gone, or a zombie that only its parent has not collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_a_killed_child_is_back_at_once(made: Maker) -> None:
    child = made(WAITS)
    assert child.process is not None
    first = child.process.pid

    child.signal(signal.SIGKILL)
    wait_until(lambda: child.tend() == -signal.SIGKILL, what="the death is seen")
    wait_until(lambda: child.tend() is None and child.running(), what="it is back", timeout_s=1)

    assert child.process is not None
    assert child.process.pid != first


def test_a_child_that_keeps_dying_is_started_ever_more_slowly(made: Maker) -> None:
    child = made("raise SystemExit(3)")
    deaths_ms: list[int] = []

    def died() -> bool:
        if child.tend() == 3:
            deaths_ms.append(clock.monotonic_ms())
        return len(deaths_ms) == 4

    wait_until(died, what="four deaths")

    gaps = [later - earlier for earlier, later in pairwise(deaths_ms)]
    assert gaps[1] >= children.RESTART_FIRST_MS
    assert gaps[2] >= 2 * children.RESTART_FIRST_MS


def test_a_child_deaf_to_term_is_killed_when_its_time_is_up(made: Maker) -> None:
    deaf, good = made(DEAF, "deaf"), made(WAITS, "good")
    wait_until(lambda: "deaf" in deaf.output.read_text(), what="it is deaf")

    assert end([deaf, good], within_ms=300) == ["deaf"]
    assert not deaf.running()
    assert not good.running()


def test_what_a_child_started_goes_with_it(made: Maker) -> None:
    child = made(
        f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {WAITS!r}]).pid, flush=True)"
    )
    wait_until(lambda: child.output.read_text().strip().isdigit(), what="the grandchild's pid")
    grandchild = int(child.output.read_text())

    end([child], within_ms=2_000)

    wait_until(lambda: dead(grandchild), what="the grandchild is gone", timeout_s=2)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel ties children to us on Linux only")
def test_children_do_not_outlive_a_killed_launcher(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(tmp_path / "out")]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as launcher:
        assert launcher.stdout is not None
        pid = int(launcher.stdout.readline())
        assert not dead(pid)

        launcher.kill()

    wait_until(lambda: dead(pid), what="the child is gone", timeout_s=2)
