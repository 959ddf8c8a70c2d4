"""What the Data API knows: the chain as it was a little while ago, retold as trades, activity and positions.

Everything is folded afresh from the trades that are mined and from what transactions did, so that a trade
which fails disappears again. A position's size comes from nowhere else; tests compare it with the chain.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from core.ids import MarketId, Outcome, Side
from core.units import ONE, Ms, Price, Shares, Usdc
from simulator.chain.accounts import Wallet
from simulator.chain.calls import Merge, Redeem, Split
from simulator.chain.transactions import Happened, Transactions
from simulator.exchange.trades import Trade, TradeStatus
from simulator.world import World

LAG_MS: Final = Ms(3_000)  # from mined to told


class Kind(StrEnum):
    TRADE = "TRADE"
    SPLIT = "SPLIT"
    MERGE = "MERGE"
    REDEEM = "REDEEM"


class Row(NamedTuple):
    """One thing that happened to one holding of a wallet, or to both where ``outcome`` is ``None``.

    Units:
        shares: of each outcome it concerns, never negative.
        cash:   what was paid or received, fee excluded, never negative.
        fee:    the taker's, 0 for makers.
    """

    kind: Kind
    market_id: MarketId
    outcome: Outcome | None
    side: Side | None
    shares: Shares
    cash: Usdc
    fee: Usdc
    price: Price | None
    is_taker: bool
    tx_hash: str
    at_ms: Ms


@dataclass(slots=True)
class Position:
    """A holding as the indexer counts it. ``cost`` and ``fees`` belong to what is still held."""

    market_id: MarketId
    outcome: Outcome
    size: Shares
    cost: Usdc
    fees: Usdc
    bought: Shares
    realized: Usdc
    first_ms: Ms | None
    last_ms: Ms | None

    def enter(self, shares: Shares, paid: Usdc, fee: Usdc, at_ms: Ms) -> None:
        self.size = Shares(self.size + shares)
        self.bought = Shares(self.bought + shares)
        self.cost = Usdc(self.cost + paid)
        self.fees = Usdc(self.fees + fee)
        self.first_ms = at_ms if self.first_ms is None else self.first_ms
        self.last_ms = at_ms

    def leave(self, shares: Shares, got: Usdc, at_ms: Ms) -> None:
        """Give up shares at the average cost of all that are held."""
        assert 0 <= shares <= self.size, f"{shares} of {self.size} leave {self.market_id} {self.outcome}"
        cost = self.cost * shares // self.size if shares else 0
        fees = self.fees * shares // self.size if shares else 0
        self.size = Shares(self.size - shares)
        self.cost = Usdc(self.cost - cost)
        self.fees = Usdc(self.fees - fees)
        self.realized = Usdc(self.realized + got - cost)
        self.last_ms = at_ms


class Indexer:
    def __init__(self, world: World, transactions: Transactions) -> None:
        self._world = world
        self._transactions = transactions
        self.lag_ms = LAG_MS
        self.resolved_ms: dict[MarketId, Ms] = {}

    def step(self, now_ms: Ms) -> None:
        """Note when a market was resolved."""
        for market_id in self._world.exchange.resolved:
            self.resolved_ms.setdefault(market_id, now_ms)

    def rows(self, wallet: Wallet) -> list[Row]:
        """Everything told of a wallet by now, oldest first."""
        told_ms = Ms(self._world.now_ms - self.lag_ms)
        account = self._world.exchange.accounts[wallet.address]
        traded = (
            row
            for trade in self._world.exchange.trades_of(account)
            if _is_told(trade, told_ms)
            for row in _trade_rows(trade, wallet.address)
        )
        changed = (
            row
            for happened in self._transactions.happened
            if happened.wallet == wallet.address and happened.at_ms <= told_ms
            for row in self._changed_rows(happened)
        )
        return sorted((*traded, *changed), key=lambda row: row.at_ms)

    def positions(self, wallet: Wallet) -> list[Position]:
        """Every position the wallet ever had, in the order of their first entry."""
        return fold(self.rows(wallet))

    def price(self, market_id: MarketId, outcome: Outcome) -> Price:
        """What a share is worth: its payout, else the middle of the book, the last trade, or half."""
        exchange = self._world.exchange
        yes = exchange.resolved.get(market_id)
        if yes is None:
            listing = exchange.listings[market_id]
            yes = listing.book.mid or listing.last_price or Price(ONE // 2)
        return yes if outcome is Outcome.YES else Price(ONE - yes)

    def _changed_rows(self, happened: Happened) -> Iterator[Row]:
        """A split or a merge is one row, a redemption one for each outcome (its OpenAPI says so)."""
        done = happened.done
        match done.action:
            case Split(market_id, shares, _):
                yield _both(Kind.SPLIT, market_id, shares, happened)
            case Merge(market_id, shares, _):
                yield _both(Kind.MERGE, market_id, shares, happened)
            case Redeem(market_id, _, _):
                payout = self._world.exchange.resolved[market_id]
                for outcome, moved in done.moved.items():
                    each = payout if outcome is Outcome.YES else ONE - payout
                    if moved:
                        yield Row(
                            Kind.REDEEM,
                            market_id,
                            outcome,
                            side=None,
                            shares=Shares(-moved),
                            cash=Usdc(-moved * each // ONE),
                            fee=Usdc(0),
                            price=None,
                            is_taker=False,
                            tx_hash=happened.tx_hash,
                            at_ms=happened.at_ms,
                        )


def fold(rows: Iterable[Row]) -> list[Position]:
    """Positions from rows in the order of time."""
    found: dict[tuple[MarketId, Outcome], Position] = {}
    for row in rows:
        outcomes = tuple(Outcome) if row.outcome is None else (row.outcome,)
        for outcome in outcomes:
            key = (row.market_id, outcome)
            position = found.setdefault(key, _nothing(row.market_id, outcome))
            cash = Usdc(row.cash // len(outcomes))  # a whole set's dollar is half in each
            if row.side is Side.BUY or row.kind is Kind.SPLIT:
                position.enter(row.shares, cash, row.fee, row.at_ms)
            else:
                position.leave(row.shares, Usdc(cash - row.fee), row.at_ms)
    return list(found.values())


def _nothing(market_id: MarketId, outcome: Outcome) -> Position:
    return Position(
        market_id, outcome, Shares(0), Usdc(0), Usdc(0), Shares(0), Usdc(0), first_ms=None, last_ms=None
    )


def _is_told(trade: Trade, told_ms: Ms) -> bool:
    return trade.status is TradeStatus.CONFIRMED or (
        trade.status is TradeStatus.MINED and trade.moved_ms <= told_ms
    )


def _trade_rows(trade: Trade, wallet: str) -> Iterator[Row]:
    """The wallet's side of a trade: one row for each holding it moved, in its own terms."""
    assert trade.tx_hash is not None, f"{trade.trade_id} is mined without a transaction"
    for move in trade.moves:
        if move.account.name != wallet or not move.shares:
            continue
        is_taker = trade.taker.owner is move.account and move.holding == (trade.market_id, trade.outcome)
        fee = trade.fee if is_taker else Usdc(0)
        side = Side.BUY if move.shares > 0 else Side.SELL
        cash = Usdc(abs(move.cash + fee))  # without the fee, whichever way it went
        shares = Shares(abs(move.shares))
        yield Row(
            Kind.TRADE,
            move.holding[0],
            move.holding[1],
            side=side,
            shares=shares,
            cash=cash,
            fee=fee,
            price=trade.price if is_taker else Price(cash * ONE // shares),
            is_taker=is_taker,
            tx_hash=trade.tx_hash,
            at_ms=trade.match_ms,
        )


def _both(kind: Kind, market_id: MarketId, shares: Shares, happened: Happened) -> Row:
    return Row(
        kind,
        market_id,
        outcome=None,
        side=None,
        shares=shares,
        cash=Usdc(shares),
        fee=Usdc(0),
        price=None,
        is_taker=False,
        tx_hash=happened.tx_hash,
        at_ms=happened.at_ms,
    )
