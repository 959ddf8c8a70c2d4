"""Two sides of a reconciliation that agree, to be spoiled by a test."""

from collections.abc import Mapping, Sequence
from typing import Final

from core.differences import Before, Compared, Figures, Leg, Open, Ours, Theirs, Traded
from core.events import FillStatus
from core.ids import FillId, MarketId, OrderId, Outcome, Side, Strategy
from core.reconcile import compare
from core.units import Ms, Price, Shares, shares, usdc
from tests.builders import BUY, MARKET, YES, at

PAIR: Final = Strategy.PAIR_ARB
OURS: Final = OrderId("0xours")
LATER: Final = at(600_000)  # when both sides are read; trades were made at ``T0`` and are long settled
LEG: Final[Leg] = (MARKET, YES)


def a_trade(
    fill: str = "t1:0xours",
    *,
    order: OrderId = OURS,
    size: str = "10",
    paid: str = "4.8",
    fee: str = "0",
    side: Side = BUY,
    outcome: Outcome = YES,
    status: FillStatus = FillStatus.CONFIRMED,
    market: MarketId = MARKET,
    after_ms: int = 0,
    strategy: Strategy | None = PAIR,
) -> Traded:
    return Traded(
        FillId(fill),
        order,
        market,
        outcome,
        side,
        shares(size),
        usdc(paid),
        usdc(fee),
        status,
        at(after_ms),
        strategy,
    )


def an_open(order: OrderId = OURS, *, after_ms: int = 0, market: MarketId = MARKET) -> Open:
    return Open(order, market, at(after_ms), "buy 10 yes at 0.48")


def ours(
    *,
    cash: str = "1000",
    held: Mapping[Leg, str] | None = None,
    trades: Sequence[Traded] = (),
    open_orders: Sequence[Open] = (),
    known: Mapping[OrderId, Strategy] | None = None,
    under_way: Sequence[Figures] = (),
    redeeming: Sequence[MarketId] = (),
    owners: Mapping[Leg, Mapping[Strategy, Shares]] | None = None,
) -> Ours:
    legs = {leg: shares(size) for leg, size in (held or {}).items()}
    return Ours(
        figures=theirs(cash=cash, held=held).figures or {},
        trades={trade.fill_id: trade for trade in trades},
        open_orders=open_orders,
        known={OURS: PAIR} if known is None else known,
        under_way=under_way,
        redeeming=redeeming,
        owners={leg: {PAIR: size} for leg, size in legs.items()} if owners is None else owners,
    )


def theirs(
    *,
    cash: str = "1000",
    held: Mapping[Leg, str] | None = None,
    trades: Sequence[Traded] | None = (),
    open_orders: Sequence[Open] | None = (),
    payouts: Mapping[MarketId, Price] | None = None,
    silent: tuple[str, ...] = (),
    read_ms: Ms = LATER,
    answered: bool = True,
) -> Theirs:
    figures: dict[Leg | None, int] = {None: usdc(cash)}
    figures |= {leg: shares(size) for leg, size in (held or {}).items()}
    return Theirs(
        read_ms=read_ms,
        figures=figures if answered else None,
        trades=trades,
        trades_from_ms=at(-3_600_000),
        open_orders=open_orders,
        payouts=payouts or {},
        silent=silent,
    )


def once(mine: Ours, told: Theirs) -> Compared:
    return compare(mine, told, before={})


def twice(mine: Ours, told: Theirs, *, apart_ms: int = 60_000) -> Compared:
    """The second of two runs that see the same."""
    first = once(mine, told)
    before = {
        each.key: Before(each.runs, each.first_ms, tuple(amount for _, amount in each.effect))
        for each in first.differences
    }
    again = Theirs(
        read_ms=Ms(told.read_ms + apart_ms),
        figures=told.figures,
        trades=told.trades,
        trades_from_ms=told.trades_from_ms,
        open_orders=told.open_orders,
        payouts=told.payouts,
        silent=told.silent,
    )
    return compare(mine, again, before=before)
