"""One real order of a shard at the venue, as far from trading as it can be: signed, its row written, posted."""

from typing import Final, Literal

from asgiref.sync import sync_to_async

from core.ids import OrderId, Outcome, Side, Strategy, intent_key
from core.intents import OrderKind, Place, Purpose
from feeds import selectors as feeds
from infra import clock
from trading import services
from trading.gateways.polymarket.answers import Accepted
from trading.gateways.polymarket.signing import OrderTerms
from trading.models import Account
from trading.shard.live import Wallet

FIRST_NUMBER: Final = 1_000_000  # no running shard has come so far


async def rest_an_order(wallet: Wallet, account: Account, shard: str, *, nth: int = 0) -> OrderId:
    """Post a bid of one tick in the market that starts last. ``wallet`` was started; the fence is taken anew."""
    listed = await sync_to_async(feeds.listed_markets)()
    listing = max(listed, key=lambda each: each.starts_ms or 0)
    terms = (await sync_to_async(feeds.venue_terms)([listing.market_id]))[listing.market_id]
    now = clock.now_ms()
    place = Place(
        key=intent_key(account.key, listing.market_id, Strategy.PAIR_ARB, FIRST_NUMBER + nth),
        market_id=listing.market_id,
        strategy=Strategy.PAIR_ARB,
        outcome=Outcome.YES,
        side=Side.BUY,
        price=listing.tick,
        shares=listing.min_size,
        kind=OrderKind.QUOTE,
        purpose=Purpose.OPENING,
        decided_ms=now,
    )
    version: Literal["v1", "v2"] = "v2" if terms.version == "v2" else "v1"
    unsigned = wallet.signer.draft(
        place, OrderTerms(listing.yes_token, listing.tick, terms.neg_risk, version), now
    )
    signed = wallet.signer.sign(unsigned, wallet.transport.credentials.api_key, post_only=True)
    await sync_to_async(services.write_order)(
        place,
        account_id=account.pk,
        order_id=signed.order_id,
        unsigned=unsigned.text(),
        fence_name=shard,
        fence=await sync_to_async(services.take_fence)(shard),
        at_ms=now,
    )
    outcome = await wallet.transport.post(signed)
    assert isinstance(outcome, Accepted), outcome
    return OrderId(signed.order_id)
