"""Entries made anew from what the venue tells: its trades, and what the chain did beside them. Pure.

Which strategy bought what is in nobody's hands but ours: everything counts as pair arbitrage, which alone trades with
the wallet. The order is that of time, and within one second trades come first: a merge needs its shares.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from core.differences import Carried, Traded
from core.events import FillStatus
from core.ids import Outcome, Side, Strategy
from core.ledger import Entry, EntryKind
from core.units import Ms, Shares, Usdc

WHOLE_SECOND = 1_000
WHOSE = Strategy.PAIR_ARB


def entries(trades: Iterable[Traded], carried: Iterable[Carried]) -> list[Entry]:
    """What was booked, the oldest first. A trade that failed brought nothing and is left out."""
    happened: list[Traded | Carried] = [each for each in trades if each.status is not FillStatus.FAILED]
    happened += carried
    return list(chain.from_iterable(_lines(each) for each in sorted(happened, key=_when)))


def brought_in(cash: Usdc, booked: Iterable[Entry], unsettled: Iterable[Traded]) -> Usdc:
    """What must have been deposited, withdrawals taken off, for the chain to state ``cash`` now.

    ``unsettled`` trades are booked and not on the chain yet.
    """
    open_still = sum(each.effect[None] for each in unsettled)
    return Usdc(cash - sum(entry.usdc for entry in booked) + open_still)


def _when(happened: Traded | Carried) -> tuple[int, bool, str]:
    name = happened.fill_id if isinstance(happened, Traded) else happened.name
    return happened.at_ms // WHOLE_SECOND, isinstance(happened, Carried), name


def _lines(happened: Traded | Carried) -> Iterator[Entry]:
    return _traded(happened) if isinstance(happened, Traded) else _carried(happened)


def _traded(trade: Traded) -> Iterator[Entry]:
    buys = trade.side is Side.BUY
    kind, sign = (EntryKind.BUY, 1) if buys else (EntryKind.SELL, -1)
    gained, cash = Shares(sign * trade.shares), Usdc(-sign * trade.amount)
    yield Entry(kind, trade.market_id, WHOSE, trade.outcome, gained, cash, trade.fill_id, trade.at_ms, None)
    if trade.fee:
        paid = Usdc(-trade.fee)
        yield Entry(
            EntryKind.FEE,
            trade.market_id,
            WHOSE,
            trade.outcome,
            Shares(0),
            paid,
            trade.fill_id,
            trade.at_ms,
            None,
        )


def _carried(done: Carried) -> Iterator[Entry]:
    """A set's dollar: paid for both legs by halves, received on the first, as the pair ledger books it."""
    legs: Sequence[Outcome] = tuple(Outcome) if done.outcome is None else (done.outcome,)
    splits = done.kind is EntryKind.SPLIT
    shares = Shares(done.shares if splits else -done.shares)
    first = -(done.usdc // len(legs)) if splits else done.usdc
    amounts = (first, -done.usdc - first if splits else 0)
    for outcome, amount in zip(legs, amounts, strict=False):
        yield _line(done, outcome, shares, Usdc(amount), done.at_ms)


def _line(done: Carried, outcome: Outcome, shares: Shares, usdc: Usdc, at: Ms) -> Entry:
    return Entry(done.kind, done.market_id, WHOSE, outcome, shares, usdc, None, at, done.name)
