"""A whole polyloly, started as a person starts it: ``manage.py up``."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from infra import clock
from infra.children import tied_to_us
from polyloly_site.env import ROOT
from tests.ports import free_port
from tests.servers import wait_until

START_S: Final = 60
INHERITED: Final = frozenset(
    {clock.ANCHOR_VARIABLE, "DATABASE_URL", "REDIS_URL"}
)  # of whoever runs the tests


@dataclass
class Stack:
    """A started stack.

    Units:
        ready_ms: from the command to the printed link.
    """

    port: int
    state: Path
    process: "subprocess.Popen[str]"
    ready_ms: int
    link: str = field(repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str) -> tuple[int, str]:
        """Status and body; 0 while nobody answers."""
        try:
            with urlopen(self.url + path, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()
        except (URLError, OSError):
            return 0, ""

    def pids(self) -> list[int]:
        """Every process that belongs to it, the launcher included: found by the state directory it was given."""
        mark = f"STATE_DIR={self.state}".encode()
        entries = [entry for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        found = [int(entry.name) for entry in entries if self._bears(entry, mark)]
        return sorted(found)

    def pid_of(self, name: str) -> int | None:
        """The living process that the launcher started under this name."""
        mark = f"POLYLOLY_PROCESS={name}".encode()
        return next((pid for pid in self.pids() if mark in environment_of(pid)), None)

    def output(self) -> str:
        """What its processes wrote, for a failed test's report."""
        tails = [
            f"== {path.name}\n{path.read_text()[-1500:]}" for path in (self.state / "logs").glob("*.out")
        ]
        return "\n".join(tails)

    def stop(self, within_s: float = 20) -> int:
        """TERM, as Ctrl-C does; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(within_s)

    def _bears(self, entry: Path, mark: bytes) -> bool:
        try:
            # The embedded Redis is found by its socket: it reads its settings from its arguments.
            known = environment_of(int(entry.name)), (entry / "cmdline").read_bytes().split(b"\0")
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            return False
        of_ours = mark in known[0] or any(bytes(self.state) in word for word in known[1])
        return of_ours and state != "Z"


def environment_of(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return []


@contextmanager
def running(*, state: Path | None = None, **changed: str) -> Iterator[Stack]:
    """Start one and wait for its link; kill what is left of it in the end. ``state`` is kept when given."""
    folder = state or Path(tempfile.mkdtemp(prefix="pl-stack-"))
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if name not in INHERITED}
    environment |= {"DJANGO_SETTINGS_MODULE": "polyloly_site.settings", "STATE_DIR": str(folder)}
    environment |= {"NTP_SERVER": "off", **changed}  # nobody outside is asked
    command = [sys.executable, "manage.py", "up", "--port", str(port), "--no-browser"]
    began = clock.monotonic_ms()
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        # A run of tests that is killed leaves no stack behind, which would slow every later one down.
        preexec_fn=tied_to_us(),  # noqa: PLW1509 pytest's main thread, which outlives the stack
    )
    stack = Stack(port, folder, process, 0, "")
    try:
        assert process.stdout is not None
        stack.link = process.stdout.readline().strip()
        stack.ready_ms = clock.monotonic_ms() - began
        assert stack.link, stack.output()
        yield stack
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
        wait_until(lambda: not stack.pids(), what="the stack is gone")
        if process.stdout is not None:
            process.stdout.close()
        if state is None:
            shutil.rmtree(folder, ignore_errors=True)
