"""One runner at a time, on a real Redis that is stopped and started under it."""

import pytest
from redis import Redis

from infra import clock, lease
from infra.lease import single_runner
from tests.servers import Valkey, wait_until


@pytest.mark.usefixtures("redis")
def test_a_second_runner_finds_the_lease_taken() -> None:
    with single_runner("shard:0") as first, single_runner("shard:0") as second:
        assert first is not None
        assert second is None


@pytest.mark.usefixtures("redis")
def test_leases_of_different_names_do_not_meet() -> None:
    with single_runner("shard:0") as first, single_runner("shard:1") as second:
        assert first is not None
        assert second is not None


@pytest.mark.usefixtures("redis")
def test_a_lease_given_back_is_free_at_once() -> None:
    with single_runner("shard:0"):
        pass

    with single_runner("shard:0") as again:
        assert again is not None


def test_a_held_lease_outlives_its_ttl_by_renewal(redis: Redis) -> None:
    with single_runner("shard:0") as held:
        assert held is not None
        began = clock.monotonic_ms()
        wait_until(lambda: clock.monotonic_ms() - began > lease.TTL_MS + 500, what="the TTL passes")

        assert held.valid()
        assert redis.get(lease.key_of("shard:0")) == held.owner.encode()


def test_a_lease_taken_by_another_is_lost_within_a_renewal(redis: Redis) -> None:
    heard: list[str] = []
    with single_runner("shard:0") as held:
        assert held is not None
        held.when_lost(lambda: heard.append("lost"))

        redis.set(lease.key_of("shard:0"), "another")
        wait_until(held.lost.is_set, what="the loss is seen", timeout_s=2)

        assert not held.valid()
        assert heard == ["lost"]
    assert redis.get(lease.key_of("shard:0")) == b"another", "what is not ours is not given back"


@pytest.mark.usefixtures("redis")
def test_with_a_silent_redis_the_lease_ends_by_our_own_watch(redis_server: Valkey) -> None:
    with single_runner("shard:0") as held:
        assert held is not None
        with redis_server.silent():
            began = clock.monotonic_ms()
            wait_until(lambda: not held.valid(), what="the watch runs out", timeout_s=6)
            assert clock.monotonic_ms() - began <= lease.TTL_MS + 100, "never longer than Redis would hold it"
            wait_until(held.lost.is_set, what="the loss is told", timeout_s=2)


@pytest.mark.usefixtures("redis")
def test_a_silent_redis_gives_no_lease(redis_server: Valkey) -> None:
    with redis_server.silent(), single_runner("shard:0") as held:
        assert held is None
