"""A trade of a followed wallet: one taker order at one price, with everybody it met there.

House traders among themselves leave no trade behind, only a print. What a trade moves for each wallet is
kept with it, so that a trade which fails on the chain can be undone exactly.
"""

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from core.ids import MarketId, Outcome, Side
from core.units import Ms, Price, Shares, Usdc
from simulator.exchange.accounts import Account, Holding
from simulator.exchange.orders import Order


class TradeStatus(StrEnum):
    MATCHED = "matched"
    MINED = "mined"
    CONFIRMED = "confirmed"
    RETRYING = "retrying"
    FAILED = "failed"

    @property
    def on_chain(self) -> bool:
        return self in (TradeStatus.MINED, TradeStatus.CONFIRMED)

    @property
    def pending(self) -> bool:
        """Neither on the chain nor given up."""
        return self in (TradeStatus.MATCHED, TradeStatus.RETRYING)


class MakerPart(NamedTuple):
    """What one resting order gave to a trade, in its own terms: its outcome, its side, its price."""

    order: Order
    shares: Shares
    price: Price


class Move(NamedTuple):
    """What a trade did to one wallet: cash and shares of one holding, negative where it gave them."""

    account: Account
    holding: Holding
    cash: Usdc
    shares: Shares


@dataclass(slots=True, eq=False)
class Trade:
    """``price`` and ``side`` are the taker's own. ``tx_hash`` is ``None`` until it was on the chain once.

    Units:
        number: of the exchange's trades, ascending; the public print of the trade carries it too.
        fee:    the taker's, rounded once for the whole trade.
    """

    trade_id: str
    number: int
    market_id: MarketId
    taker: Order
    outcome: Outcome
    side: Side
    price: Price
    shares: Shares
    fee: Usdc
    makers: tuple[MakerPart, ...]
    moves: tuple[Move, ...]
    status: TradeStatus
    match_ms: Ms
    moved_ms: Ms
    tx_hash: str | None = None
    bucket: int = 0

    def concerns(self, account: Account) -> bool:
        return any(move.account is account for move in self.moves)


def trade_id(seed: int, number: int) -> str:
    """The same uuid for the same seed and trade, in every process."""
    return str(UUID(bytes=sha256(f"{seed}|trade|{number}".encode()).digest()[:16], version=4))


def tx_hash(market_id: MarketId, number: int) -> str:
    """The transaction of a trade: what its public print says and what a mined trade has."""
    return "0x" + sha256(f"{market_id}|{number}".encode()).hexdigest()
