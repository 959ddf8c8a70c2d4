"""A listed market of the frames in ``tests.feeds.frames``, and of others numbered."""

from core.events import FeeSchedule, MarketKind, MarketListed
from core.ids import EventId, GroupId, MarketId, TokenId
from core.units import Ms, Price, Prob, shares
from tests.feeds.frames import MARKET, NO_TOKEN, YES_TOKEN


def a_listing(
    *, market_id: str = MARKET, yes: str = YES_TOKEN, no: str = NO_TOKEN, heard: int = 1
) -> MarketListed:
    return MarketListed(
        market_id=MarketId(market_id),
        event_id=EventId("77"),
        group=GroupId("event 77"),
        match_id=None,
        kind=MarketKind.SERIES,
        title="Carstensz v Ivory",
        yes_token=TokenId(yes),
        no_token=TokenId(no),
        yes_name="Carstensz",
        no_name="Ivory",
        tick=Price(100),
        min_size=shares("5"),
        delay_ms=Ms(1_000),
        fees=FeeSchedule(Prob(50_000), 1, Prob(150_000)),
        starts_ms=None,
        map_number=None,
        best_of=3,
        wiped_at_start=True,
        heard_ms=Ms(heard),
    )
