"""Orders as a person would say them: ``send(exchange, ann, "buy yes 10 at 0.48")``."""

from core.ids import MarketId, OrderId, Outcome, Side, TokenId
from core.units import Ms, Price, Prob, mirrored, price, shares, usdc
from core.units import micro as prob
from simulator.exchange.accounts import Account
from simulator.exchange.listing import Listing
from simulator.exchange.orders import Order, Terms, TimeInForce
from simulator.exchange.venue import Exchange

MARKET = MarketId("0x" + "a" * 64)


def terms(*, tick: str = "0.01", delay_ms: int = 0, fee_rate: str = "0.05") -> Terms:
    return Terms(
        market_id=MARKET,
        yes_token=TokenId("111"),
        no_token=TokenId("222"),
        tick=price(tick),
        min_size=shares("5"),
        delay_ms=Ms(delay_ms),
        fee_rate=Prob(prob(fee_rate)),
    )


def an_exchange(*, tick: str = "0.01", delay_ms: int = 0, fee_rate: str = "0.05", seed: int = 0) -> Exchange:
    """An exchange with one empty market. Without a delay unless asked: most tables are about matching."""
    exchange = Exchange(seed)
    exchange.list_market(terms(tick=tick, delay_ms=delay_ms, fee_rate=fee_rate))
    return exchange


def trader(
    exchange: Exchange, name: str, *, cash: str = "1000", pairs: str = "0", wallet: bool = False
) -> Account:
    """Somebody with cash and, on top of it, ``pairs`` YES and NO each."""
    account = exchange.open_account(name, usdc(cash), wallet=wallet)
    exchange.pay_in(account, usdc(pairs))
    assert exchange.split(account, MARKET, shares(pairs))
    return account


def send(
    exchange: Exchange,
    owner: Account,
    said: str,
    *,
    post_only: bool = False,
    now_ms: int = 0,
    order_id: str | None = None,
    tif: TimeInForce = TimeInForce.GTC,
    expires_ms: int | None = None,
    budget: str | None = None,
) -> Order:
    """Place ``side outcome size at price``."""
    side, outcome, size, _, at = said.split()
    return exchange.place(
        owner,
        MARKET,
        Outcome(outcome),
        Side(side),
        price=price(at),
        size=shares(size),
        post_only=post_only,
        now_ms=Ms(now_ms),
        order_id=None if order_id is None else OrderId(order_id),
        tif=tif,
        expires_ms=None if expires_ms is None else Ms(expires_ms),
        budget=None if budget is None else usdc(budget),
    )


def listing(exchange: Exchange) -> Listing:
    return exchange.listings[MARKET]


def best(exchange: Exchange, outcome: Outcome) -> tuple[Price | None, Price | None]:
    """Best bid and ask as one outcome sees them."""
    bid, ask = listing(exchange).book.bids.best, listing(exchange).book.asks.best
    if outcome is Outcome.YES:
        return bid, ask
    return (None if ask is None else mirrored(ask)), (None if bid is None else mirrored(bid))
