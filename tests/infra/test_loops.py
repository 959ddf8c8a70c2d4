"""Loops in real Celery workers: they hear SIGTERM, and a killed one is taken over."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from redis import Redis

from infra import aio, clock, lease, loops, restarts
from infra.lease import single_runner
from infra.loops import Loop, run_loop
from tests.servers import Valkey, wait_until

Worker = subprocess.Popen[bytes]


@contextmanager
def a_worker(redis_server: Valkey, state: Path) -> Iterator[Worker]:
    command = [sys.executable, "-m", "celery", "-q", "-A", "tests.infra.loop_worker", "worker"]
    command += ["-P", "threads", "-c", "3", "-Q", "loops", "-n", f"w{threading.get_ident()}{id(state)}@%h"]
    command += ["--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "ERROR"]
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "polyloly_site.settings",
        "STATE_DIR": str(state),
        "REDIS_URL": redis_server.url,
        "CELERY_SKIP_CHECKS": "true",
    }
    process = subprocess.Popen(command, env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


@contextmanager
def beat() -> Iterator[None]:
    """Ask for the loop four times a second, as beat does each second."""
    from tests.infra.loop_worker import app

    over = threading.Event()

    def ask() -> None:
        while not over.wait(0.25):
            app.send_task("count", expires=2)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield
    finally:
        over.set()
        asking.join()
        app.close()


@pytest.fixture
def start_worker(
    redis: Redis, redis_server: Valkey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Worker]]:
    monkeypatch.setenv("REDIS_URL", redis_server.url)
    with ExitStack() as workers, beat():
        yield lambda: workers.enter_context(a_worker(redis_server, tmp_path))


def turns(redis: Redis, worker: Worker) -> int:
    return int(redis.hget("turns", str(worker.pid)) or 0)


@pytest.mark.slow
def test_a_killed_workers_loop_runs_elsewhere_within_ten_seconds(
    redis: Redis, start_worker: Callable[[], Worker]
) -> None:
    first = start_worker()
    wait_until(lambda: turns(redis, first) > 0, what="the loop turns")
    second = start_worker()
    second_is_up = clock.monotonic_ms() + 4_000
    wait_until(lambda: clock.monotonic_ms() > second_is_up, what="the second worker is up")
    assert turns(redis, second) == 0, "one at a time"

    first.kill()
    killed_ms = clock.monotonic_ms()
    wait_until(lambda: turns(redis, second) > 0, what="the loop is taken over", timeout_s=10)

    assert clock.monotonic_ms() - killed_ms < 10_000


@pytest.mark.slow
def test_a_worker_told_to_end_stops_its_loop_and_exits(
    redis: Redis, start_worker: Callable[[], Worker]
) -> None:
    worker = start_worker()
    wait_until(lambda: turns(redis, worker) > 0, what="the loop turns")
    told_ms = clock.monotonic_ms()

    worker.send_signal(signal.SIGTERM)

    assert worker.wait(10) == 0
    assert clock.monotonic_ms() - told_ms < 6_000
    assert redis.hget("stopped", str(worker.pid)) == b"by its stop event"
    assert redis.get(lease.key_of("count")) is None, "the lease is free at once"


@pytest.mark.usefixtures("redis")
def test_a_loop_that_runs_already_is_not_run_again() -> None:
    async def main(_: Loop) -> None:
        raise AssertionError("ran")

    with single_runner("busy"):
        run_loop("busy", main)


def test_a_loop_stops_when_its_lease_is_lost(redis: Redis) -> None:
    seen: list[bool] = []

    async def main(loop: Loop) -> None:
        redis.set(lease.key_of("stolen"), "another")
        assert await aio.stopped_within(loop.stop, 5_000)
        seen.append(loop.lease.valid())

    run_loop("stolen", main)

    assert seen == [False]


@pytest.mark.usefixtures("redis")
def test_what_a_loop_raises_is_raised_and_its_lease_is_given_back() -> None:
    async def main(_: Loop) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_loop("broken", main)

    with single_runner("broken") as free:
        assert free is not None


@pytest.mark.usefixtures("redis")
def test_a_loop_that_ignores_its_stop_event_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "STOP_GRACE_MS", 50)
    began = clock.monotonic_ms()

    async def main(loop: Loop) -> None:
        loop.stop.set()
        await asyncio.Event().wait()

    run_loop("stubborn", main)

    assert clock.monotonic_ms() - began < 3_000


def test_a_turning_loop_shows_a_light(redis: Redis) -> None:
    async def main(loop: Loop) -> None:
        while redis.get(loops.pulse_key(loop.name)) is None:
            await asyncio.wait({asyncio.ensure_future(loop.stop.wait())}, timeout=0.01)

    run_loop("lit", main)


def test_a_loop_that_somebody_wants_anew_ends_and_the_next_one_runs_on(redis: Redis) -> None:
    """The wish is still there when the next one begins: it was not for that one."""
    ran: list[int | None] = []

    async def main(loop: Loop) -> None:
        while restarts.runs_since("anew") in (None, *ran):
            await aio.stopped_within(loop.stop, 10)
        ran.append(restarts.runs_since("anew"))
        if len(ran) == 1:
            restarts.ask("anew")
            assert await aio.stopped_within(loop.stop, 30_000)
            return
        assert redis.get(restarts.wish_key("anew")) is not None
        assert not await aio.stopped_within(loop.stop, 2 * loops.PULSE_MS)

    run_loop("anew", main)
    run_loop("anew", main)

    assert len(set(ran)) == 2
