"""Everything we may ask for. An intent is a wish until the judge approves it (``core.risk``)."""

from dataclasses import dataclass
from enum import StrEnum

from core.ids import IntentKey, MarketId, Outcome, Side, Strategy
from core.units import Ms, Price, Shares


class OrderKind(StrEnum):
    QUOTE = "quote"  # post-only, rests until cancelled
    TAKE = "take"  # marketable limit; what does not match at once is cancelled


class Purpose(StrEnum):
    OPENING = "opening"
    REDUCING = "reducing"  # shrinks |exposed|, or sells


@dataclass(frozen=True, slots=True)
class Place:
    """Ask for a limit order of ``shares`` at ``price`` or better, in the outcome's own price."""

    key: IntentKey
    market_id: MarketId
    strategy: Strategy
    outcome: Outcome
    side: Side
    price: Price
    shares: Shares
    kind: OrderKind
    purpose: Purpose
    decided_ms: Ms


@dataclass(frozen=True, slots=True)
class Cancel:
    """Ask for one order to be withdrawn. Needs no approval. ``reason`` is a word for the record."""

    key: IntentKey
    market_id: MarketId
    reason: str
    decided_ms: Ms


@dataclass(frozen=True, slots=True)
class Merge:
    """Turn ``shares`` YES and NO into USDC."""

    action_id: str
    market_id: MarketId
    shares: Shares
    decided_ms: Ms


@dataclass(frozen=True, slots=True)
class Redeem:
    """Collect what resolved shares pay."""

    action_id: str
    market_id: MarketId
    yes: Shares
    no: Shares
    payout: Price
    decided_ms: Ms


@dataclass(frozen=True, slots=True)
class Resync:
    """Ask the venue for the whole book of a silent or torn market."""

    market_id: MarketId
    reason: str
    decided_ms: Ms


WalletAction = Merge | Redeem
