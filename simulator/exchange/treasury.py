"""All money and tokens that are in nobody's account, and the rule that none is ever made or lost.

Collateral backs the tokens of open markets, claims back what wallets still hold of resolved ones, fees were
taken, and the clearing house stands in for the other side of every wallet's trade that failed.
"""

from collections.abc import Iterable, Mapping

from core.ids import MarketId, Outcome
from core.units import ONE, Price, Shares, Usdc, cost, cost_up, mirrored
from simulator.exchange.accounts import Account, Holding
from simulator.exchange.listing import Listing
from simulator.exchange.trades import Trade


class Treasury:
    def __init__(self, listings: Mapping[MarketId, Listing]) -> None:
        self.fees_taken = Usdc(0)
        self.paid_in = Usdc(0)  # all that was ever brought in, less what was taken out again
        self.clearing = Account("clearing house", Usdc(0), Usdc(0), tokens={}, locked_tokens={})
        self.claims: dict[MarketId, Usdc] = {}
        self.resolved: dict[MarketId, Price] = {}  # what each YES paid
        self._listings = listings

    def pay_in(self, account: Account, amount: Usdc) -> None:
        """Bring money in from outside, or take it out when negative."""
        self.paid_in = Usdc(self.paid_in + amount)
        account.add_cash(amount)

    def charge(self, account: Account, fee: Usdc) -> None:
        account.add_cash(Usdc(-fee))
        self.fees_taken = Usdc(self.fees_taken + fee)

    def convert(self, account: Account, market_id: MarketId, shares: Shares) -> None:
        """Turn USDC into as many YES and NO, or back when negative. The caller has checked that they are there."""
        account.add_cash(Usdc(-shares))
        for outcome in Outcome:
            account.add_tokens((market_id, outcome), shares)
        self._back(market_id, shares)

    def close(
        self, market_id: MarketId, payout_yes: Price, collateral: Usdc, house: Iterable[Account]
    ) -> None:
        """Pay the house what its tokens of a resolved market are worth; the rest waits for the wallets."""
        self.resolved[market_id] = payout_yes
        self.claims[market_id] = collateral
        for account in (*house, self.clearing):
            self._pay_out(account, market_id)

    def redeem(self, account: Account, market_id: MarketId, shares: Mapping[Outcome, Shares]) -> Usdc:
        """Burn tokens of a resolved market for what they are worth, rounded down for each outcome."""
        paid = Usdc(0)
        for outcome, burnt in shares.items():
            account.add_tokens((market_id, outcome), Shares(-burnt))
            paid = Usdc(paid + cost(self._payout(market_id, outcome), burnt))
        self._back(market_id, -paid)
        account.add_cash(paid)
        return paid

    def absorb(self, trade: Trade) -> None:
        """Take over what the wallets gave and got in a trade that failed; their fee was never due."""
        fee = trade.fee if trade.taker.owner.wallet else Usdc(0)
        self.fees_taken = Usdc(self.fees_taken - fee)
        self._stand_in_cash(Usdc(fee + sum(move.cash for move in trade.moves)))
        for move in trade.moves:
            self._stand_in_tokens(move.holding, move.shares)
        pairs = min(self.clearing.held((trade.market_id, outcome)) for outcome in Outcome)
        if pairs:
            self.convert(self.clearing, trade.market_id, Shares(-pairs))

    def total(self, accounts: Iterable[Account]) -> Usdc:
        """All the money there is, wherever it is."""
        held = sum(account.cash for account in (*accounts, self.clearing))
        backing = sum(listing.collateral for listing in self._listings.values())
        return Usdc(held + backing + sum(self.claims.values()) + self.fees_taken)

    def check(self, accounts: Iterable[Account]) -> None:
        """Raise ``AssertionError`` when money or tokens were made or lost."""
        everybody = (*accounts, self.clearing)
        total = self.total(accounts)
        assert total == self.paid_in, f"{total} there, {self.paid_in} paid in"
        held: dict[Holding, int] = {}
        for account in everybody:
            for holding, shares in account.tokens.items():
                held[holding] = held.get(holding, 0) + shares
        for market_id, listing in self._listings.items():
            for outcome in Outcome:
                there = held.pop((market_id, outcome), 0)
                assert there == listing.collateral, f"{there} {outcome} of {market_id}"
        owed: dict[MarketId, int] = {}
        for (market_id, outcome), left in held.items():
            owed[market_id] = owed.get(market_id, 0) + left * self._payout(market_id, outcome)
        for market_id, claims in self.claims.items():
            spare = claims * ONE - owed.get(market_id, 0)
            halves = self.resolved[market_id] not in (0, ONE)
            assert spare == 0 or (halves and spare > 0), f"{spare} too much behind {market_id}"

    def _pay_out(self, account: Account, market_id: MarketId) -> None:
        shares = {outcome: account.held((market_id, outcome)) for outcome in Outcome}
        self.redeem(account, market_id, shares)

    def _payout(self, market_id: MarketId, outcome: Outcome) -> Price:
        yes = self.resolved[market_id]
        return yes if outcome is Outcome.YES else mirrored(yes)

    def _back(self, market_id: MarketId, amount: int) -> None:
        """Put money behind a market's tokens, or take it away when negative."""
        listing = self._listings.get(market_id)
        if listing is None:
            self.claims[market_id] = Usdc(self.claims[market_id] + amount)
            assert self.claims[market_id] >= 0, f"claims on {market_id} are not backed"
        else:
            listing.collateral = Usdc(listing.collateral + amount)
            assert listing.collateral >= 0, f"tokens of {market_id} are not backed"

    def _stand_in_cash(self, amount: Usdc) -> None:
        short = -(self.clearing.cash + amount)
        if short > 0:
            self.pay_in(self.clearing, Usdc(short))
        self.clearing.add_cash(amount)

    def _stand_in_tokens(self, holding: Holding, shares: Shares) -> None:
        """Take tokens over or hand them out, by minting pairs. Of a resolved market their worth changes hands."""
        market_id, outcome = holding
        if market_id not in self._listings:
            payout = self._payout(market_id, outcome)
            worth = cost(payout, shares) if shares > 0 else Usdc(-cost_up(payout, Shares(-shares)))
            self._back(market_id, -worth)
            self._stand_in_cash(worth)
            return
        short = Shares(-(self.clearing.held(holding) + shares))
        if short > 0:
            if self.clearing.cash < short:
                self.pay_in(self.clearing, Usdc(short - self.clearing.cash))
            self.convert(self.clearing, market_id, short)
        self.clearing.add_tokens(holding, shares)
