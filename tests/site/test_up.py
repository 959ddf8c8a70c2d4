"""``manage.py up``: it starts fast, heals, ends in order, and leaves nothing behind."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra import clock
from polyloly_site.env import ROOT
from tests import stacks
from tests.ports import free_port
from tests.servers import wait_until
from tests.stacks import Stack

pytestmark = pytest.mark.slow


def up(**changed: str) -> "subprocess.CompletedProcess[str]":
    """Start it where it must refuse."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "polyloly_site.settings", **changed}
    command = [sys.executable, "manage.py", "up", "--no-browser"]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def ready(stack: Stack) -> bool:
    return stack.get("/health/ready")[0] == 200


def test_it_prints_one_link_and_becomes_ready(stack: Stack) -> None:
    assert stack.link.startswith(f"{stack.url}/login/once/")
    wait_until(lambda: ready(stack), what=f"ready: {stack.get('/health/ready')}", timeout_s=30)

    checks = {check["name"] for check in json.loads(stack.get("/health/ready")[1])["checks"]}
    assert {"database", "migrations", "redis", "workers", "beat", "clock"} <= checks


def test_orders_and_fills_are_counted_soon_after_the_start(stack: Stack) -> None:
    # The bar is 30 s; one full run of this suite had no fill by then: when a taker comes is the evening's chance.
    def counted() -> bool:
        text = stack.get("/metrics")[1]
        return "polyloly_orders_total{" in text and "polyloly_fills_total{" in text

    wait_until(counted, what="orders and fills in /metrics", timeout_s=100)


def test_a_killed_trader_is_back_within_ten_seconds(stack: Stack) -> None:
    wait_until(lambda: ready(stack), what="ready", timeout_s=30)
    killed = stack.pid_of("trader")
    assert killed is not None

    os.kill(killed, signal.SIGKILL)
    killed_ms = clock.monotonic_ms()
    wait_until(lambda: stack.pid_of("trader") not in {None, killed}, what="a new trader", timeout_s=10)
    wait_until(lambda: ready(stack), what="ready again", timeout_s=10)

    assert clock.monotonic_ms() - killed_ms < 10_000


def test_a_second_launcher_in_the_same_state_directory_is_refused(stack: Stack) -> None:
    refused = up(STATE_DIR=str(stack.state), PORT=str(free_port()))

    assert refused.returncode == 1
    assert "already runs in" in refused.stderr
    assert stack.get("/health/live")[0] == 200


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    port = free_port()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port + 1))
        taken.listen()

        refused = up(STATE_DIR=str(tmp_path), PORT=str(port))

    assert refused.returncode == 1
    assert f"port {port + 1} on 127.0.0.1 cannot be used" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"DATABASE_URL": "postgres://bot:hunter2@127.0.0.1:1/bot"}, "the database cannot be used"),
        ({"REDIS_URL": "redis://:hunter2@127.0.0.1:1"}, "Redis does not answer: correct REDIS_URL"),
        ({"LIMITS__DAILY_LOSS": "-1"}, "LIMITS__DAILY_LOSS"),
    ],
)
def test_what_cannot_be_reached_is_named_without_its_password(
    changed: dict[str, str], sentence: str, tmp_path: Path
) -> None:
    refused = up(STATE_DIR=str(tmp_path), PORT=str(free_port()), **changed)

    assert refused.returncode == 1
    assert sentence in refused.stderr
    assert "hunter2" not in refused.stderr
    assert "Traceback" not in refused.stderr


# From here on the launcher is killed: nothing that needs it alive may follow.


@pytest.fixture(scope="module")
def next_start(stack: Stack) -> Iterator[Stack]:
    """Started in the directory of a launcher that was killed, and ready."""
    stack.process.kill()
    wait_until(lambda: stack.pids() == [], what="all gone", timeout_s=5)
    with stacks.running(state=stack.state) as again:
        wait_until(lambda: ready(again), what=f"ready: {again.get('/health/ready')}", timeout_s=30)
        yield again


def test_nothing_outlives_a_killed_launcher_and_the_next_start_works(next_start: Stack) -> None:
    assert next_start.get("/health/live")[0] == 200


def test_term_ends_everything_in_order(next_start: Stack) -> None:
    log = next_start.state / "logs" / "bot.jsonl"
    told_before = len(log.read_text().splitlines())
    began = clock.monotonic_ms()

    assert next_start.stop() == 0

    assert clock.monotonic_ms() - began < 15_000
    assert next_start.pids() == []
    lines = [json.loads(line) for line in log.read_text().splitlines()[told_before:]]
    steps = [line for line in lines if line.get("event") == "shutdown step"]
    assert [step["step"].split(",")[0] for step in steps] == [
        "no new work",
        "sources",
        "state snapshot written",
        "queue and bus ended",
        "exit",
    ]
    # A console or a report that is late on a busy machine may be cut off; orders, rows and Redis may not.
    assert [step["killed"] for step in steps if not step["step"].startswith("sources")] == [[]] * 4
    numbered = [line for line in lines if line.get("event_type") == "shutdown_step" and "number" in line]
    assert [line["number"] for line in numbered] == [1, 2, 3, 4, 5, 6]
    assert numbered[1]["still_open"] == 0, "asked until none was open"
    assert numbered[5]["code"] == 0
