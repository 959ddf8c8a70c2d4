"""Names of things. All are text; a type says which, so that two of them are never swapped."""

from enum import StrEnum
from typing import NewType

MarketId = NewType("MarketId", str)  # the venue's condition id, 0x + 64 hex digits
TokenId = NewType("TokenId", str)  # the venue's asset id of one outcome, a decimal number as text
EventId = NewType("EventId", str)  # the venue's event: a match with its series and map markets
GroupId = NewType("GroupId", str)  # markets that may lose together: a tournament, else a single event
MatchId = NewType("MatchId", str)  # "source:native id"
IntentKey = NewType("IntentKey", str)  # account|market|strategy|sequence; unique for ever
OrderId = NewType("OrderId", str)  # the venue's order id; on paper the SHA-256 of the intent key
FillId = NewType("FillId", str)  # the venue's trade id and our order's id in it


class Outcome(StrEnum):
    """The two outcomes of a market, by index: YES is the venue's outcome 0, NO its outcome 1."""

    YES = "yes"
    NO = "no"

    @property
    def other(self) -> "Outcome":
        return Outcome.NO if self is Outcome.YES else Outcome.YES


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"

    @property
    def other(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY


class Strategy(StrEnum):
    """Who trades. EXTERNAL is nobody of ours: what was traded on the wallet by others is booked under it, apart."""

    PAIR_ARB = "pair_arb"
    EXTERNAL = "external"


def intent_key(account: str, market: MarketId, strategy: Strategy, sequence: int) -> IntentKey:
    """The name of one decision. The database refuses a second order row with the same key."""
    return IntentKey(f"{account}|{market}|{strategy}|{sequence}")
