"""Child processes that are restarted when they die and that never outlive us.

Each child leads a session of its own, so that Ctrl-C in the terminal reaches only the launcher and a group can be
ended as a whole. On Linux the kernel kills a child when its launcher dies, even by ``kill -9``; elsewhere the
children watch their parent themselves (``watch_parent``).
"""

import ctypes
import os
import platform
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra import clock, logs

LINUX: Final = platform.system() == "Linux"
PR_SET_PDEATHSIG: Final = 1
PARENT_VARIABLE: Final = "POLYLOLY_LAUNCHER_PID"
OUTPUT_BYTES_MAX: Final = 5_000_000
# A child that lived this long had no trouble starting: its next restart is quick again.
SETTLED_MS: Final = 10_000
RESTART_FIRST_MS: Final = 250
RESTART_CAP_MS: Final = 15_000

log = logs.get("launcher")


@dataclass(frozen=True, slots=True)
class Program:
    """What to run, under which name, with what on top of our environment, and without which of its names."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    without: frozenset[str] = frozenset()


def tied_to_us() -> Callable[[], None] | None:
    """What a new child does before its program starts, so that it dies with the thread that starts it. Linux only."""
    if not LINUX:
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    launcher = os.getpid()

    def tie() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        # We may have died before the line above.
        if os.getppid() != launcher:
            os._exit(1)

    return tie


def watch_parent() -> None:
    """End this process when the launcher named in the environment is no longer its parent. Any system."""
    launcher = os.environ.get(PARENT_VARIABLE)
    if launcher is None or LINUX:
        return

    def watch() -> None:
        pause = threading.Event()
        while os.getppid() == int(launcher):
            pause.wait(1)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="parent watch", daemon=True).start()


class Child:
    """One program kept running until ``terminate``. Not for use from several threads."""

    def __init__(self, program: Program, output: Path) -> None:
        self.program = program
        self.output = output
        self.deaths = 0
        self.process: subprocess.Popen[bytes] | None = None
        self._started_ms = 0
        self._wait_ms = 0
        self._due_ms = 0

    @property
    def name(self) -> str:
        return self.program.name

    def start(self) -> None:
        self.output.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.output.exists() and self.output.stat().st_size > OUTPUT_BYTES_MAX
        with self.output.open("wb" if fresh else "ab") as output:
            self.process = subprocess.Popen(  # noqa: S603 our own commands
                self.program.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self._environment(),
                start_new_session=True,
                preexec_fn=tied_to_us(),  # noqa: PLW1509 the launcher forks from its only busy thread
            )
        self._started_ms = clock.monotonic_ms()
        log.info("process started", process_name=self.name, pid=self.process.pid, event_type="startup")

    def _environment(self) -> dict[str, str]:
        ours = {name: text for name, text in os.environ.items() if name not in self.program.without}
        return {**ours, **self.program.environment, PARENT_VARIABLE: str(os.getpid())}

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def tend(self) -> int | None:
        """Look after it: its exit code when it has just died, and a restart when that is due."""
        if self.running():
            return None
        if self.process is not None:
            return self._died(self.process.returncode)
        if clock.monotonic_ms() >= self._due_ms:
            self.start()
        return None

    def _died(self, code: int) -> int:
        self.process = None
        self.deaths += 1
        now = clock.monotonic_ms()
        if now - self._started_ms >= SETTLED_MS:
            self._wait_ms = 0
        self._due_ms = now + self._wait_ms
        log.error(
            "process died", process_name=self.name, code=code, again_in_ms=self._wait_ms, event_type="error"
        )
        self._wait_ms = min(RESTART_CAP_MS, max(RESTART_FIRST_MS, self._wait_ms * 2))
        return code

    def signal(self, number: signal.Signals) -> None:
        """Tell its whole group. Harmless when it is gone."""
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            self.process.poll()


def end(children: list[Child], *, within_ms: int) -> list[str]:
    """TERM all of them, wait for all of them at most ``within_ms``, KILL what is left; the names of those killed."""
    for child in children:
        child.signal(signal.SIGTERM)
    until_ms = clock.monotonic_ms() + within_ms
    for child in children:
        _wait(child, max(0, until_ms - clock.monotonic_ms()))
    late = [child for child in children if child.running()]
    for child in children:
        # The group too: a child may be gone and something it started may not.
        child.signal(signal.SIGKILL)
    for child in late:
        _wait(child, 2000)
    return [child.name for child in late]


def _wait(child: Child, ms: int) -> None:
    if child.process is None:
        return
    try:
        child.process.wait(ms / 1000)
    except subprocess.TimeoutExpired:
        return
