"""The price path of each market: what a chart shows of the time before its page was opened."""

import json
from typing import Any

import pytest
from redis import Redis

from core.units import Ms
from infra import redis as infra_redis
from tests.trading.conftest import MARKET, NOON
from trading.board.publishing import PATH_KEY, SAMPLE_MS, SAMPLES_MAX, Paths

KEY = PATH_KEY.format(market_id=MARKET)


def a_market(bid: str | None, ask: str | None = "0.49") -> dict[str, Any]:
    return {
        f"market:{MARKET}": {"market_id": MARKET, "bids": [], "bid": bid, "ask": ask},
        "clock": {"now_ms": 1},
    }


def test_prices_are_sampled_when_they_moved_and_not_too_often() -> None:
    paths = Paths()

    told = [
        list(paths.due(a_market(bid), Ms(NOON + after)).values())
        for bid, after in (
            ("0.47", 0),
            ("0.48", SAMPLE_MS - 1),
            ("0.47", SAMPLE_MS),
            ("0.46", SAMPLE_MS + 1),
            (None, 3 * SAMPLE_MS),
        )
    ]

    assert told == [
        [json.dumps([NOON, "0.47", "0.49"])],
        [],
        [],
        [json.dumps([NOON + SAMPLE_MS + 1, "0.46", "0.49"])],
        [json.dumps([NOON + 3 * SAMPLE_MS, None, "0.49"])],
    ]


async def test_the_oldest_samples_make_room(redis: Redis) -> None:
    board = infra_redis.client(infra_redis.Db.BOARD)
    board.rpush(KEY, *(json.dumps([n, "0.4", "0.5"]) for n in range(SAMPLES_MAX)))

    await Paths().keep(a_market("0.47"), NOON)

    samples = [json.loads(each) for each in board.lrange(KEY, 0, -1)]
    assert (len(samples), samples[0][0], samples[-1]) == (SAMPLES_MAX, 1, [NOON, "0.47", "0.49"])
    assert int(board.ttl(KEY)) > 0
    await infra_redis.close_async()


@pytest.mark.parametrize("rows", [{}, {"totals": {"bid": 1}}, {"decision:1": {"market_id": MARKET}}])
def test_what_is_no_market_has_no_path(rows: dict[str, Any]) -> None:
    assert Paths().due(rows, NOON) == {}
