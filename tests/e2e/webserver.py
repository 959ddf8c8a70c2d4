"""The real web server as a process of its own, on the database and Redis of whoever starts it."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

from django.db import connection

from tests.servers import wait_until

STOPS_WITHIN_S = 60  # at rest one

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    """A port nobody listens on now; its successor is left to the simulator's URL, which nobody calls here."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True)
class WebServer:
    """Where it answers, and a way to make it fall silent."""

    origin: str
    pid: int

    @contextmanager
    def silent(self) -> Iterator[None]:
        """It accepts connections and says nothing, as a hung server does."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)


@contextmanager
def web_server(redis_url: str, state: Path) -> Iterator[WebServer]:
    """Daphne serving the site."""
    port = free_port()
    database = {key: connection.settings_dict[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT")}
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.e2e.settings",
        "E2E_DATABASE": json.dumps({key: str(value) for key, value in database.items()}),
        "REDIS_URL": redis_url,
        "STATE_DIR": str(state),
        "PORT": str(port),
    }
    command = [
        sys.executable,
        "-m",
        "daphne",
        "-b",
        "127.0.0.1",
        "-p",
        str(port),
        "polyloly_site.asgi:application",
    ]
    log = (state / "web.log").open("wb")
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
    origin = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: answers(origin), what="the web server answers")
        yield WebServer(origin, process.pid)
    finally:
        process.terminate()
        process.wait(STOPS_WITHIN_S)
        log.close()


def answers(origin: str) -> bool:
    try:
        with urllib.request.urlopen(f"{origin}/health/live", timeout=1) as response:
            return bool(response.status == 200)
    except (URLError, OSError):
        return False
