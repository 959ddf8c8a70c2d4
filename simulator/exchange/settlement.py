"""How wallets' trades get onto the chain: mined after a while, confirmed later, sometimes retried or failed.

A trade is mined only when its wallets own on the chain what they give in it and leave enough for their older
ones, so trades that live on one another settle in the order in which they were made. A trade that fails takes
with it those that spent what it brought (newest first, as few as can be) and the open orders that are no
longer covered.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
from random import Random
from typing import Final

from core.units import CERTAIN, Ms, Prob, Shares, Usdc
from simulator.chance import dice
from simulator.exchange.accounts import Account, Holding
from simulator.exchange.record import Record
from simulator.exchange.trades import Move, Trade, TradeStatus, tx_hash
from simulator.exchange.treasury import Treasury

Asset = tuple[Account, Holding | None]  # somebody's shares of a holding, or their cash
Fate = tuple[TradeStatus, ...]

MINED_MS: Final = Ms(2_000)
CONFIRMED_MS: Final = Ms(6_000)
NEVER: Final = Prob(0)
SMOOTH: Final[Fate] = (TradeStatus.MINED, TradeStatus.CONFIRMED)
RETRIED: Final[tuple[Fate, ...]] = (
    (TradeStatus.RETRYING, *SMOOTH),
    (TradeStatus.RETRYING, TradeStatus.RETRYING, *SMOOTH),
    (TradeStatus.MINED, TradeStatus.RETRYING, *SMOOTH),
)
DOOMED: Final[tuple[Fate, ...]] = (
    (TradeStatus.FAILED,),
    (TradeStatus.RETRYING, TradeStatus.FAILED),
    (TradeStatus.MINED, TradeStatus.RETRYING, TradeStatus.FAILED),
)


@dataclass(slots=True)
class Settlement:
    """How settling goes; may be changed at any time and counts for trades that have not moved yet.

    Units:
        mined_ms, confirmed_ms: mean time to be mined, and from there to be confirmed; each trade takes
                                between half and one and a half of it.
        retry_chance, fail_chance: of a trade to go through RETRYING, and to end FAILED.
    """

    seed: int
    mined_ms: Ms = MINED_MS
    confirmed_ms: Ms = CONFIRMED_MS
    retry_chance: Prob = NEVER
    fail_chance: Prob = NEVER


class Settling:
    """All trades on their way. ``uncover`` ends open orders until an asset's locks fit into what is left."""

    def __init__(
        self,
        settings: Settlement,
        treasury: Treasury,
        record: Record,
        uncover: Callable[[Account, Holding | None, int], None],
    ) -> None:
        self.settings = settings
        self._treasury, self._record, self._uncover = treasury, record, uncover
        self._due: list[tuple[Ms, int, Trade]] = []
        self._pending: dict[int, Trade] = {}
        self._fates: dict[int, Fate] = {}
        self.now_ms = Ms(0)

    def follow(self, trade: Trade) -> None:
        """A trade was matched: it counts for the order book, not yet for the chain."""
        self._leave_chain(trade)
        self._wait(trade, trade.match_ms, self.settings.mined_ms)

    def step(self, now_ms: Ms) -> None:
        """Move every trade whose time has come, in the order of time."""
        self.now_ms = now_ms
        while self._due and self._due[0][0] <= now_ms:
            due_ms, _, trade = heappop(self._due)
            if trade.status not in (TradeStatus.FAILED, TradeStatus.CONFIRMED):
                self._move(trade, due_ms)

    def make_room(self, account: Account, taken: Mapping[Holding | None, int]) -> None:
        """Something will be taken from a wallet on the chain: end what lives on it. ``None`` is cash."""
        self._fail([], {(account, holding): -amount for holding, amount in taken.items()})

    def _move(self, trade: Trade, due_ms: Ms) -> None:
        fate = self._fates.get(trade.number) or self._roll(trade)
        aim = fate[0]
        if aim is TradeStatus.MINED and not self._covered(trade):
            if trade.number == min(self._pending):  # nothing older can still bring what it lacks
                self._fail([trade], {})
            else:
                self._wait(trade, due_ms, self.settings.mined_ms)
            return
        if aim is TradeStatus.RETRYING and trade.status is TradeStatus.MINED and not self._may_revert(trade):
            aim = TradeStatus.CONFIRMED
        self._fates[trade.number] = fate[1:]
        if aim is TradeStatus.FAILED:
            self._fail([trade], {})
            return
        if aim is TradeStatus.MINED:
            self._enter_chain(trade)
        elif aim is TradeStatus.RETRYING and trade.status is TradeStatus.MINED:
            self._leave_chain(trade)
        self._record.moved(trade, self.now_ms, aim)
        if aim is TradeStatus.CONFIRMED:
            del self._fates[trade.number]
        else:
            mined = aim is TradeStatus.MINED
            self._wait(trade, due_ms, self.settings.confirmed_ms if mined else self.settings.mined_ms)

    def _roll(self, trade: Trade) -> Fate:
        settings, rolls = self.settings, self._dice(trade, "fate")
        roll = rolls.randrange(CERTAIN)
        if roll < settings.fail_chance:
            return rolls.choice(DOOMED)
        if roll < settings.fail_chance + settings.retry_chance:
            return rolls.choice(RETRIED)
        return SMOOTH

    def _wait(self, trade: Trade, from_ms: Ms, mean_ms: Ms) -> None:
        rolls = self._dice(trade, trade.status, from_ms)
        takes_ms = max(1, rolls.randint(mean_ms // 2, mean_ms * 3 // 2))
        heappush(self._due, (Ms(from_ms + takes_ms), trade.number, trade))

    def _dice(self, trade: Trade, *names: object) -> Random:
        return dice(self.settings.seed, "settling", trade.number, *names)

    def _enter_chain(self, trade: Trade) -> None:
        del self._pending[trade.number]
        trade.tx_hash = tx_hash(trade.market_id, trade.number)
        for account, holding, cash, shares in trade.moves:
            account.await_mining(holding, Usdc(-cash), Shares(-shares))

    def _leave_chain(self, trade: Trade) -> None:
        self._pending[trade.number] = trade
        for account, holding, cash, shares in trade.moves:
            account.await_mining(holding, cash, shares)

    def _covered(self, trade: Trade) -> bool:
        """Whether its wallets own on the chain what it takes, and still enough for their older trades after it."""
        wallets = {move.account for move in trade.moves}
        older = [
            self._pending[number]
            for number in sorted(self._pending)
            if number < trade.number and any(map(self._pending[number].concerns, wallets))
        ]
        left: dict[Asset, int] = {}
        for each in (trade, *older):
            for asset, amount in _net(each.moves).items():
                left[asset] = left.get(asset, _on_chain(asset)) + amount
                if left[asset] < 0:
                    return False
        return True

    def _may_revert(self, trade: Trade) -> bool:
        """Whether what it brought is still there, so that the chain could forget it."""
        return all(_on_chain(asset) - amount >= 0 for asset, amount in _net(trade.moves).items())

    def _fail(self, failing: Iterable[Trade], taken: Mapping[Asset, int]) -> None:
        """Undo trades for their wallets, and all that cannot stand without them and what is taken."""
        doomed = {trade.number: trade for trade in failing}
        undone: Counter[Asset] = Counter()
        for trade in doomed.values():
            undone.subtract(_net(trade.moves))
        while (short := self._short(undone, taken)) is not None:
            newest = self._newest_spender(short, doomed)
            doomed[newest.number] = newest
            undone.subtract(_net(newest.moves))
        for account, holding in {**undone, **taken}:
            asset = (account, holding)
            self._uncover(account, holding, _held(asset) + undone[asset] + taken.get(asset, 0))
        for (account, holding), amount in undone.items():
            if holding is None:
                account.add_cash(Usdc(amount))
            else:
                account.add_tokens(holding, Shares(amount))
        for number in sorted(doomed, reverse=True):
            self._give_up(doomed[number])

    def _give_up(self, trade: Trade) -> None:
        del self._pending[trade.number]
        self._fates.pop(trade.number, None)
        for account, holding, cash, shares in trade.moves:
            account.await_mining(holding, Usdc(-cash), Shares(-shares))
        self._treasury.absorb(trade)
        self._record.moved(trade, self.now_ms, TradeStatus.FAILED)

    def _short(self, undone: Mapping[Asset, int], taken: Mapping[Asset, int]) -> Asset | None:
        for asset in {**undone, **taken}:
            if _held(asset) + undone.get(asset, 0) + taken.get(asset, 0) < 0:
                return asset
        return None

    def _newest_spender(self, asset: Asset, doomed: Mapping[int, Trade]) -> Trade:
        """There is one: what is on the chain is never negative, so a pending trade must have spent it."""
        spenders = [
            number
            for number, trade in self._pending.items()
            if number not in doomed and _net(trade.moves).get(asset, 0) < 0
        ]
        return self._pending[max(spenders)]


def _net(moves: Iterable[Move]) -> Counter[Asset]:
    """What a trade brings each wallet, negative where it takes."""
    net: Counter[Asset] = Counter()
    for account, holding, cash, shares in moves:
        net[account, None] += cash
        net[account, holding] += shares
    return net


def _held(asset: Asset) -> int:
    account, holding = asset
    return account.cash if holding is None else account.held(holding)


def _on_chain(asset: Asset) -> int:
    account, holding = asset
    return account.chain_cash if holding is None else account.chain_held(holding)
