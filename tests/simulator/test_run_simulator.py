"""The command itself, as the launcher starts it."""

import asyncio
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from infra import aio

ROOT = Path(__file__).resolve().parents[2]
START_MS = 30_000
STOP_S = 10


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def simulator(port: int, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = {
        "PATH": "/usr/bin:/bin",
        "DJANGO_SETTINGS_MODULE": "polyloly_site.settings",
        "STATE_DIR": str(tmp_path),
        "SEED": "7",
    }
    command = (sys.executable, "manage.py", "run_simulator", "--port", str(port))
    with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
        yield process
        process.kill()


async def answered(url: str) -> int:
    """The time the server tells, asked for until it listens."""
    async with aiohttp.ClientSession() as session:
        for _ in range(START_MS // 100):
            try:
                async with session.get(url) as response:
                    return int(await response.json())
            except aiohttp.ClientConnectorError:
                await aio.stopped_within(asyncio.Event(), 100)
    raise AssertionError(f"nobody listens at {url}")


async def test_it_serves_a_world_that_moves_and_ends_in_order(
    simulator: subprocess.Popen[bytes], port: int
) -> None:
    first = await answered(f"http://127.0.0.1:{port}/time")
    later = first
    while later == first:
        later = await answered(f"http://127.0.0.1:{port}/time")

    simulator.send_signal(signal.SIGTERM)

    assert simulator.wait(STOP_S) == 0
