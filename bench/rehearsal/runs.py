"""Each run in a process, a folder, a database and a Redis of its own. Read ``Theatre`` first."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from bench.rehearsal.plan import Played, Run
from infra import services
from infra.clock import ANCHOR_VARIABLE

ROOT: Final = Path(__file__).resolve().parent.parent.parent
DATABASE: Final = "polyloly.sqlite3"
WORKERS: Final = 6 if os.environ.get("FULL") == "1" else 4  # a run waits most of its time
PORTS: Final = range(21_000, 29_000, 2)
INHERITED: Final = (
    ANCHOR_VARIABLE,
    "DATABASE_URL",
    "REDIS_URL",
    "SIMULATOR_URL",
    "PRIVATE_KEY",
    "PRIVATE_KEY_FILE",
)


def environment(folder: Path, **more: str) -> dict[str, str]:
    """The environment of one run's processes: nothing of the caller's database, Redis or keys."""
    kept = {name: value for name, value in os.environ.items() if name not in INHERITED}
    return {
        **kept,
        "DJANGO_SETTINGS_MODULE": "polyloly_site.settings",
        "STATE_DIR": str(folder),
        "VENUE": "simulator",
        "PAPER_TRADING": "false",
        **more,
    }


def migrated(folder: Path) -> Path:
    """A database with every table and nothing in it: each run begins with a copy."""
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(command, cwd=ROOT, env=environment(folder, RECORD="false"), check=True, timeout=120)
    return folder / "var" / DATABASE


class Theatre:
    """Plays runs, a few processes at a time."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pl-rehearsal-"))
        self._database = migrated(self.folder / "empty")
        # Spawned and used once: Django, the clock and the settings are a process's.
        self._ports = free_ports()
        self._pool = ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn"), max_tasks_per_child=1)

    def play(self, run: Run, key: str) -> Future[Played]:
        folder = self.folder / run.name
        (folder / "var").mkdir(parents=True)
        shutil.copy(self._database, folder / "var" / DATABASE)
        return self._pool.submit(in_worker, replace(run, folder=folder, port=next(self._ports)), key)

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)
        shutil.rmtree(self.folder, ignore_errors=True)


def in_worker(run: Run, key: str) -> Played:
    """Set this process up for the run, then play it."""
    with a_redis() as address:
        os.environ.clear()
        os.environ.update(
            environment(
                run.folder,
                PORT=str(run.port),
                REDIS_URL=address,
                SPEED=str(run.speed),
                SEED=str(run.seed),
                PRIVATE_KEY=key,
                RECORD="false",
                POLYLOLY_PROCESS="trader",
            )
        )
        import django

        django.setup()
        from bench.rehearsal.evening import play

        return play(run)


@contextmanager
def a_redis() -> Iterator[str]:
    """A Redis of our own. Not in the run's folder: a socket's path has 108 bytes."""
    state = Path(tempfile.mkdtemp(prefix="pl-redis-"))
    server = services.start_valkey(state)
    try:
        yield f"unix://{services.prepared(state)}"
    finally:
        server.terminate()
        server.wait(10)
        shutil.rmtree(state, ignore_errors=True)


def free_ports() -> Iterator[int]:
    """Ports that are free with their neighbours, each given out once."""
    for port in PORTS:
        with socket.socket() as one, socket.socket() as two:
            try:
                one.bind(("127.0.0.1", port))
                two.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
        yield port
