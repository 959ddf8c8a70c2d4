"""The money and the shares of one account at the paper venue, and what may be spent of them."""

from collections.abc import Mapping

from core.ids import MarketId, Outcome, Side
from core.units import ONE, Price, Shares, Usdc

Leg = tuple[MarketId, Outcome]


class Purse:
    """Cash moves at the match; shares bought may be sold or merged once their fill is CONFIRMED."""

    __slots__ = ("_held", "_merging", "_unsettled", "cash")

    def __init__(self, cash: Usdc, held: Mapping[Leg, Shares]) -> None:
        self.cash = cash
        self._held: dict[Leg, int] = dict(held)
        self._unsettled: dict[Leg, int] = {}
        self._merging: dict[MarketId, int] = {}

    def held(self, leg: Leg) -> Shares:
        return Shares(self._held.get(leg, 0))

    def all_held(self) -> Mapping[Leg, Shares]:
        """Every leg of which something is held."""
        return {leg: Shares(held) for leg, held in self._held.items()}

    def settled(self, leg: Leg) -> Shares:
        """Shares that are ours for good and in no merge."""
        return Shares(self._held.get(leg, 0) - self._unsettled.get(leg, 0) - self._merging.get(leg[0], 0))

    def trade(self, leg: Leg, side: Side, shares: Shares, amount: Usdc, fee: Usdc) -> None:
        """Take in a match. ``amount`` is before ``fee``."""
        if side is Side.BUY:
            self.cash = Usdc(self.cash - amount - fee)
            self._add(leg, shares)
            self._unsettled[leg] = self._unsettled.get(leg, 0) + shares
        else:
            self.cash = Usdc(self.cash + amount - fee)
            self._add(leg, Shares(-shares))

    def confirm(self, leg: Leg, bought: Shares) -> None:
        self._unsettled[leg] -= bought
        if not self._unsettled[leg]:
            del self._unsettled[leg]

    def begin_merge(self, market_id: MarketId, shares: Shares) -> None:
        self._merging[market_id] = self._merging.get(market_id, 0) + shares

    def end_merge(self, market_id: MarketId, shares: Shares) -> None:
        self._merging[market_id] -= shares
        if not self._merging[market_id]:
            del self._merging[market_id]
        for outcome in Outcome:
            self._add((market_id, outcome), Shares(-shares))
        self.cash = Usdc(self.cash + shares)

    def redeem(self, market_id: MarketId, yes: Shares, no: Shares, payout: Price) -> Usdc:
        """Turn resolved shares into what they pay: ``payout`` a YES share, the rest of 1 a NO share."""
        received = Usdc(yes * payout // ONE + no * (ONE - payout) // ONE)
        self._add((market_id, Outcome.YES), Shares(-yes))
        self._add((market_id, Outcome.NO), Shares(-no))
        self.cash = Usdc(self.cash + received)
        return received

    def is_empty_of(self, market_id: MarketId) -> bool:
        return not any((market_id, outcome) in self._held for outcome in Outcome)

    def _add(self, leg: Leg, shares: Shares) -> None:
        after = self._held.get(leg, 0) + shares
        if after:
            self._held[leg] = after
        else:
            self._held.pop(leg, None)
