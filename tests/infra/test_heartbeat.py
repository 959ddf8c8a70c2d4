"""A process that runs has a light; one that ended has none."""

import os

import pytest
from redis import Redis

from infra import heartbeat
from tests.servers import Valkey, wait_until


@pytest.mark.usefixtures("redis")
def test_a_started_process_is_seen_with_its_pid() -> None:
    heart = heartbeat.start("trader")
    try:
        wait_until(lambda: heartbeat.alive() != [], what="the first beat")
        (found,) = heartbeat.alive()
    finally:
        heart.stop()

    assert (found.process, found.pid, found.since_ms) == ("trader", os.getpid(), heart.since_ms)
    assert found.age_ms < heartbeat.TTL_MS


@pytest.mark.usefixtures("redis")
def test_a_process_that_ends_puts_its_light_out_at_once() -> None:
    heart = heartbeat.start("trader")
    wait_until(lambda: heartbeat.alive() != [], what="the first beat")

    heart.stop()

    assert heartbeat.alive() == []


def test_a_light_fades_by_itself(redis: Redis) -> None:
    heartbeat.beat("trader", since_ms=1)

    assert 0 < redis.pttl(heartbeat.key_of("trader")) <= heartbeat.TTL_MS


@pytest.mark.usefixtures("redis")
def test_a_beating_process_survives_a_silent_redis(
    redis_server: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "BEAT_S", 0.05)
    heart = heartbeat.start("trader")
    wait_until(lambda: heartbeat.alive() != [], what="the first beat")
    with redis_server.silent():
        pass
    try:
        wait_until(
            lambda: heartbeat.alive() != [] and heartbeat.alive()[0].age_ms < 1_000, what="it beats on"
        )
    finally:
        heart.stop()
