"""The command itself, as the launcher starts it."""

import asyncio
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import aiohttp
import pytest
from django.core.management import CommandError, call_command

from core.units import USDC, usdc
from infra import aio
from simulator import server
from simulator.chain.accounts import CHAIN
from simulator.faults import Name
from simulator.world import World
from tests.simulator.evenings import START

ROOT = Path(__file__).resolve().parents[2]
START_MS = 30_000
STOP_S = 10
EOA = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"


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
    started = (sys.executable, "manage.py", "run_simulator", "--port", str(port), "--fault", "freeze:3")
    with subprocess.Popen(started, cwd=ROOT, env=environment) as process:
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


def command(port: int, *words: str) -> str:
    """What ``manage.py simulator_faults`` says to the running simulator."""
    out = StringIO()
    call_command("simulator_faults", f"--url=http://127.0.0.1:{port}", *words, stdout=out)
    return out.getvalue()


async def test_faults_are_switched_from_the_command_line(
    simulator: subprocess.Popen[bytes], port: int
) -> None:
    await answered(f"http://127.0.0.1:{port}/time")

    lines = (await asyncio.to_thread(command, port, "list")).splitlines()
    assert {line.split()[0] for line in lines} == {str(name) for name in Name}
    assert [line.split()[:3] for line in lines if " on " in line] == [["freeze", "on", "3/1000"]]

    on = await asyncio.to_thread(command, port, "on", "late", "--rate", "50", "--seed", "4", "--for", "9")
    assert "late" in [line.split()[0] for line in on.splitlines() if "on 50/1000 seed 4" in line]

    off = await asyncio.to_thread(command, port, "off")
    assert not [line for line in off.splitlines() if " on " in line.partition(" of ")[0]]


@pytest.mark.parametrize("fault", ["gremlins:3", "late", "late:often", "late:1001"])
def test_a_start_with_a_fault_that_is_none_is_refused(fault: str) -> None:
    with pytest.raises(CommandError, match=f"--fault {fault}"):
        call_command("run_simulator", "--fault", fault)


def test_new_wallets_hold_what_the_simulator_was_told_to_fund_them_with() -> None:
    app = server.application(World(7, START), start_cash=usdc("250"))

    app[CHAIN].fund(EOA)

    assert app[CHAIN].cash(EOA) == app[CHAIN].cash(app[CHAIN].wallet_of(EOA, 3)) == 250 * USDC


def test_without_a_simulator_the_command_says_so(port: int) -> None:
    with pytest.raises(CommandError, match="no simulator answers"):
        command(port, "list")


async def test_it_serves_a_world_that_moves_and_ends_in_order(
    simulator: subprocess.Popen[bytes], port: int
) -> None:
    first = await answered(f"http://127.0.0.1:{port}/time")
    later = first
    while later == first:
        later = await answered(f"http://127.0.0.1:{port}/time")

    simulator.send_signal(signal.SIGTERM)

    assert simulator.wait(STOP_S) == 0
