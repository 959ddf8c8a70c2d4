"""A resolution that the channel never told is taken from discovery, once."""

from core.engine import Engine
from core.ids import MarketId
from core.units import ONE, Price
from tests.builders import MARKET, T0, a_deposit, a_listing, a_setup
from trading.shard.shard import missed_resolutions


def an_engine() -> Engine:
    engine = Engine(a_setup(), entries=[a_deposit()], sequences={})
    engine.step(a_listing())
    return engine


def test_a_market_resolved_while_nobody_listened_is_resolved_now() -> None:
    found = missed_resolutions(an_engine(), {MARKET: ONE}, T0)

    assert [(event.market_id, event.payout) for event in found] == [(MARKET, ONE)]


def test_it_is_not_told_twice() -> None:
    engine = an_engine()
    for event in missed_resolutions(engine, {MARKET: Price(0)}, T0):
        engine.step(event)

    assert missed_resolutions(engine, {MARKET: Price(0)}, T0) == []


def test_a_market_we_do_not_follow_is_left_alone() -> None:
    assert missed_resolutions(an_engine(), {MarketId("0xother"): ONE}, T0) == []
