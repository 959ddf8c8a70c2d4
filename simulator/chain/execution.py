"""Carry out the calls of one transaction: all of them or none, as the chain does.

Every call is judged against a wallet as the calls before it would leave it (``Rehearsal``); only when all of
them stand are they done to the real wallet and its account. Who asks for which contract's permission:
a split spends pUSD and needs an allowance, merge and redeem move positions and need an operator.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from core.ids import MarketId, Outcome
from core.units import ONE, Shares, Usdc
from simulator.chain import addresses
from simulator.chain.accounts import UNLIMITED, Chain, Wallet
from simulator.chain.calls import (
    Action,
    Approve,
    Merge,
    RawCall,
    Redeem,
    Reverted,
    SetOperator,
    Split,
    action,
)
from simulator.exchange.orders import Version
from simulator.sheets import Sheet

NO_ALLOWANCE: Final = "ERC20: insufficient allowance"
NO_CASH: Final = "ERC20: transfer amount exceeds balance"
NO_OPERATOR: Final = "ERC1155: need operator approval for 3rd party transfers."
NO_POSITION: Final = "SafeMath: subtraction overflow"
NOT_RESOLVED: Final = "result for condition not received yet"


@dataclass(frozen=True, slots=True)
class Done:
    """One thing a transaction did that the indexer tells later. ``cash`` is what came in, or went out if negative."""

    action: Split | Merge | Redeem
    cash: Usdc
    moved: dict[Outcome, Shares]


class Rehearsal:
    """A wallet as it would stand after the calls judged so far."""

    def __init__(self, chain: Chain, wallet: Wallet) -> None:
        self._chain = chain
        self._wallet = wallet
        self._account = chain.world.exchange.accounts[wallet.address]
        self.allowances = dict(wallet.allowances)
        self.operators = set(wallet.operators)
        self.cash = int(self._account.chain_cash)
        self._held: dict[tuple[MarketId, Outcome], int] = {}
        self.done: list[Done] = []

    def judge(self, asked: Action) -> None:
        """Take one more call. Raises ``Reverted`` with the contract's reason."""
        match asked:
            case Approve():
                self.allowances[asked.token, asked.spender] = asked.amount
            case SetOperator(token, operator, approved):
                (self.operators.add if approved else self.operators.discard)((token, operator))
            case Split():
                self._split(asked)
            case Merge():
                self._merge(asked)
            case Redeem():
                self._redeem(asked)
            case _:
                assert_never(asked)

    def _split(self, asked: Split) -> None:
        self._market(asked.market_id, asked.via)
        key = (addresses.PUSD, asked.via)
        allowance = self.allowances.get(key, 0)
        if allowance < asked.shares:
            raise Reverted(NO_ALLOWANCE)
        if self.cash < asked.shares:
            raise Reverted(NO_CASH)
        if allowance != UNLIMITED:
            self.allowances[key] = allowance - asked.shares
        self._move(asked, -asked.shares, dict.fromkeys(Outcome, asked.shares))

    def _merge(self, asked: Merge) -> None:
        self._require_operator(asked.market_id, asked.via)
        if any(self.held(asked.market_id, outcome) < asked.shares for outcome in Outcome):
            raise Reverted(NO_POSITION)
        self._move(asked, asked.shares, dict.fromkeys(Outcome, Shares(-asked.shares)))

    def _redeem(self, asked: Redeem) -> None:
        self._require_operator(asked.market_id, asked.via)
        payout_yes = self._chain.world.exchange.resolved.get(asked.market_id)
        if payout_yes is None:
            raise Reverted(NOT_RESOLVED)
        if asked.part is None:
            taken = {outcome: self.held(asked.market_id, outcome) for outcome in Outcome}
        else:
            outcome, shares = asked.part
            if self.held(asked.market_id, outcome) < shares:
                raise Reverted(NO_POSITION)
            taken = {outcome: shares}
        paid = sum(
            shares * (payout_yes if outcome is Outcome.YES else ONE - payout_yes) // ONE
            for outcome, shares in taken.items()
        )
        self._move(asked, paid, {outcome: Shares(-shares) for outcome, shares in taken.items()})

    def held(self, market_id: MarketId, outcome: Outcome) -> Shares:
        held = self._held.get((market_id, outcome))
        return self._account.chain_held((market_id, outcome)) if held is None else Shares(held)

    def _move(self, asked: Split | Merge | Redeem, cash: int, moved: dict[Outcome, Shares]) -> None:
        self.cash += cash
        for outcome, shares in moved.items():
            self._held[asked.market_id, outcome] = self.held(asked.market_id, outcome) + shares
        self.done.append(Done(asked, Usdc(cash), moved))

    def _require_operator(self, market_id: MarketId, via: str) -> None:
        sheet = self._market(market_id, via)
        contract = (
            addresses.POSITION_MANAGER if sheet.terms.version is Version.V2 else addresses.CONDITIONAL_TOKENS
        )
        if (contract, via) not in self.operators:
            raise Reverted(NO_OPERATOR)

    def _market(self, market_id: MarketId, via: str) -> Sheet:
        """The market, if this contract is the one that serves it."""
        sheet = self._chain.world.sheet(market_id)
        if sheet is None:
            raise Reverted("condition not prepared yet")
        if via != serving_contract(sheet):
            raise Reverted(f"condition {market_id} is not served by {via}")
        return sheet


def serving_contract(sheet: Sheet) -> str:
    """The contract that splits, merges and redeems this market (polymarket.md 9)."""
    if sheet.terms.version is Version.V2:
        return addresses.ROUTER
    return addresses.NEG_RISK_COLLATERAL_ADAPTER if sheet.terms.neg_risk else addresses.COLLATERAL_ADAPTER


def check(chain: Chain, wallet: Wallet, call: RawCall) -> None:
    """Whether a call would stand as the chain is now. Raises ``Reverted``."""
    Rehearsal(chain, wallet).judge(action(call))


def execute(chain: Chain, wallet: Wallet, calls: Sequence[RawCall]) -> list[Done]:
    """Do all calls to the wallet, or nothing. Raises ``Reverted``."""
    rehearsal = Rehearsal(chain, wallet)
    for call in calls:
        rehearsal.judge(action(call))
    _apply(chain, wallet, rehearsal)
    return rehearsal.done


def _apply(chain: Chain, wallet: Wallet, rehearsal: Rehearsal) -> None:
    exchange = chain.world.exchange
    account = exchange.accounts[wallet.address]
    expected = rehearsal.cash
    for done in rehearsal.done:
        asked = done.action
        match asked:
            case Split():
                stood = exchange.split(account, asked.market_id, asked.shares)
            case Merge():
                stood = exchange.merge(account, asked.market_id, asked.shares)
            case Redeem():
                burnt = {outcome: Shares(-shares) for outcome, shares in done.moved.items()}
                stood = exchange.redeem(account, asked.market_id, burnt) == done.cash
            case _:
                assert_never(asked)
        assert stood, f"{asked} was judged possible and was not"
    assert account.chain_cash == expected, f"{account.chain_cash} on the chain, {expected} judged"
    wallet.allowances = rehearsal.allowances
    wallet.operators = rehearsal.operators
