"""A log-in link works once, for one user, for a quarter of an hour."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from redis import Redis

from infra import onetime


@pytest.mark.usefixtures("redis")
def test_a_token_is_good_once() -> None:
    token = onetime.issue(7)

    assert onetime.redeem(token) == 7
    assert onetime.redeem(token) is None


@pytest.mark.usefixtures("redis")
def test_of_many_who_come_together_one_gets_in() -> None:
    token = onetime.issue(7)

    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda _: onetime.redeem(token), range(8)))

    assert sorted(got, key=str) == [7, *[None] * 7]


def test_redis_keeps_no_token_and_forgets_in_time(redis: Redis) -> None:
    token = onetime.issue(7)

    key = onetime.key_of(token)
    assert token not in key
    assert 0 < redis.ttl(key) <= 900


@pytest.mark.usefixtures("redis")
def test_a_made_up_token_is_nobodys() -> None:
    assert onetime.redeem("x" * 43) is None
