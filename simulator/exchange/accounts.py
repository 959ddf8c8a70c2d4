"""What a trader owns and what its open orders hold back. All of it integers, none of it ever negative."""

from dataclasses import dataclass, field
from typing import Final

from core.ids import MarketId, Outcome
from core.units import Shares, Usdc

Holding = tuple[MarketId, Outcome]
NOTHING: Final = Usdc(0)


@dataclass(slots=True, eq=False)
class Account:
    """Cash and tokens of one trader.

    Open orders lock what they may need: BUY the cash of its remaining shares at its own price, SELL the
    shares themselves (polymarket.md 3.5: "balance minus the remaining of open orders").

    ``cash`` and ``tokens`` are the order book's view: a trade counts at once. What a ``wallet`` owns on the
    chain is the same without the trades that are not mined yet; the house settles at once.
    """

    name: str
    cash: Usdc
    locked_cash: Usdc
    tokens: dict[Holding, Shares]
    locked_tokens: dict[Holding, Shares]
    wallet: bool = False
    unmined_cash: Usdc = NOTHING
    unmined_tokens: dict[Holding, Shares] = field(default_factory=dict)

    @property
    def free_cash(self) -> Usdc:
        return Usdc(self.cash - self.locked_cash)

    @property
    def chain_cash(self) -> Usdc:
        return Usdc(self.cash - self.unmined_cash)

    def held(self, holding: Holding) -> Shares:
        return self.tokens.get(holding, Shares(0))

    def free(self, holding: Holding) -> Shares:
        return Shares(self.held(holding) - self.locked_tokens.get(holding, Shares(0)))

    def chain_held(self, holding: Holding) -> Shares:
        return Shares(self.held(holding) - self.unmined_tokens.get(holding, Shares(0)))

    def chain_tokens(self) -> dict[Holding, Shares]:
        """Everything it holds on the chain."""
        found = {holding: self.chain_held(holding) for holding in (*self.tokens, *self.unmined_tokens)}
        return {holding: shares for holding, shares in found.items() if shares}

    def add_cash(self, amount: Usdc) -> None:
        """Pay in, or out when negative. The caller has checked that it is there."""
        self.cash = Usdc(self.cash + amount)
        assert self.cash >= 0, f"{self.name} owes {self.cash}"

    def add_tokens(self, holding: Holding, shares: Shares) -> None:
        """Deliver shares, or take them when negative. The caller has checked that they are there."""
        left = Shares(self.held(holding) + shares)
        assert left >= 0, f"{self.name} holds {left} of {holding}"
        if left:
            self.tokens[holding] = left
        else:
            self.tokens.pop(holding, None)

    def await_mining(self, holding: Holding, cash: Usdc, shares: Shares) -> None:
        """Count a trade's cash and shares as not on the chain yet, or no longer so when negated."""
        self.unmined_cash = Usdc(self.unmined_cash + cash)
        left = Shares(self.unmined_tokens.get(holding, Shares(0)) + shares)
        if left:
            self.unmined_tokens[holding] = left
        else:
            self.unmined_tokens.pop(holding, None)

    def lock_cash(self, amount: Usdc) -> None:
        """Hold cash back for an open order, or give it back when negative."""
        self.locked_cash = Usdc(self.locked_cash + amount)
        assert 0 <= self.locked_cash <= self.cash, f"{self.name}: {self.locked_cash} of {self.cash} locked"

    def lock_tokens(self, holding: Holding, shares: Shares) -> None:
        """Hold shares back for an open order, or give them back when negative."""
        locked = Shares(self.locked_tokens.get(holding, Shares(0)) + shares)
        assert 0 <= locked <= self.held(holding), f"{self.name}: {locked} of {self.held(holding)} locked"
        if locked:
            self.locked_tokens[holding] = locked
        else:
            self.locked_tokens.pop(holding, None)
