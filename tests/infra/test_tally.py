"""Counts that go away by themselves, with Redis and without."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from redis import Redis

from infra import tally
from tests import servers


@pytest.fixture(autouse=True)
def empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "_here", {})


def test_each_gets_a_number_of_its_own_however_many_count_at_once(redis: Redis) -> None:
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _: tally.count("one", span_s=60), range(40)))

    assert sorted(numbers) == list(range(1, 41))


def test_the_span_begins_with_the_first_and_is_not_prolonged(redis: Redis) -> None:
    tally.count("one", span_s=60)
    redis.expire("tally:one", 7)

    tally.count("one", span_s=60)

    assert 0 < int(redis.ttl("tally:one")) <= 7


def test_what_is_taken_back_did_not_count(redis: Redis) -> None:
    tally.count("one", span_s=60)
    tally.count("one", span_s=60)
    tally.take_back("one")

    assert tally.count("one", span_s=60) == 2


def test_taking_back_what_is_gone_leaves_nothing_behind(redis: Redis) -> None:
    tally.take_back("one")

    assert redis.keys("tally:*") == []


def test_what_is_forgotten_begins_anew(redis: Redis) -> None:
    tally.count("one", span_s=60)
    tally.forget("one")

    assert tally.count("one", span_s=60) == 1


def test_without_redis_it_counts_here(redis: Redis, redis_server: servers.Valkey) -> None:
    with redis_server.silent():
        numbers = [tally.count("one", span_s=60) for _ in range(3)]
        tally.take_back("one")
        numbers.append(tally.count("one", span_s=60))
        tally.forget("one")
        numbers.append(tally.count("one", span_s=60))

    assert numbers == [1, 2, 3, 3, 1]


def test_what_is_kept_here_is_bounded_whoever_makes_up_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "KEPT_MAX", 3)

    for name in ("a", "b", "c", "d", "e"):
        tally._count_here(name, span_s=60)

    assert len(tally._here) == 3
    assert tally._count_here("e", span_s=60) == 2


def test_what_is_over_here_begins_anew() -> None:
    tally._count_here("one", span_s=0)

    assert tally._count_here("one", span_s=0) == 1
