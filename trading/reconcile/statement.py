"""What the paper venue says of an account. It lives in the trader, which leaves its word in Redis each second."""

from typing import Final

import msgspec
from redis import RedisError

from core.differences import Leg, Open, Theirs
from core.ids import MarketId, OrderId, Outcome
from core.paper import PaperVenue
from core.units import Ms, Price
from infra import logs, redis

TELL_MS: Final = 1_000
KEPT_MS: Final = 10_000
SILENT: Final = "the paper venue lives in the trader, and that is silent: start the stack"

log = logs.get("reconcile")


class Statement(msgspec.Struct, frozen=True):
    """Cash and shares in millionths; ``open``: order id and market of what may still match."""

    at_ms: int
    cash: int
    held: list[tuple[str, str, int]]
    open: list[tuple[str, str]]


def key_of(account_id: int) -> str:
    return f"statement:{account_id}"


def stated(venue: PaperVenue, open_orders: list[tuple[OrderId, MarketId]], now: Ms) -> Statement:
    held = [
        (str(market_id), outcome.value, int(size)) for (market_id, outcome), size in venue.all_held().items()
    ]
    return Statement(now, int(venue.cash), held, [(str(order), str(market)) for order, market in open_orders])


async def leave(account_id: int, said: Statement) -> None:
    """A Redis that is away costs a reconciliation, never the trader."""
    try:
        await redis.async_client(redis.Db.BUS).set(key_of(account_id), msgspec.json.encode(said), px=KEPT_MS)
    except (RedisError, OSError) as error:
        log.info("statement not left", error=str(error))


def read(account_id: int, payouts: dict[MarketId, Price], now: Ms) -> Theirs:
    """The other side on paper. There is no list of trades: a fill is what the model made of it."""
    try:
        text = redis.client(redis.Db.BUS).get(key_of(account_id))
    except RedisError as error:
        return silent(f"Redis does not answer: {error}", now)
    if text is None:
        return silent(SILENT, now)
    said = msgspec.json.decode(text, type=Statement)
    figures: dict[Leg | None, int] = {None: said.cash}
    figures |= {(MarketId(market), Outcome(outcome)): size for market, outcome, size in said.held}
    return Theirs(
        read_ms=Ms(said.at_ms),
        figures=figures,
        trades=(),
        trades_from_ms=Ms(said.at_ms),
        open_orders=tuple(
            Open(OrderId(order), MarketId(market), Ms(said.at_ms), "open on paper")
            for order, market in said.open
        ),
        payouts=payouts,
    )


def silent(why: str, now: Ms) -> Theirs:
    return Theirs(now, None, None, now, None, {}, silent=(why,))
