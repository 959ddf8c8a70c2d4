"""The worth of holding both outcomes of one market (trading.md 4). Read ``PairLedger.worst_case`` first.

One YES and one NO merge or redeem together for exactly 1 USDC whoever wins, so the smaller leg is locked in
and only the surplus of the larger leg is at risk. A fill is provisional until it is CONFIRMED: it is held and
paid for, but nothing may rest on it having landed.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from core.events import FillStatus, MergeStepped, Redeemed
from core.ids import FillId, MarketId, Outcome, Side, Strategy
from core.ledger import Entry, EntryKind, Holding, fold
from core.merges import Merges
from core.provisional import Provisional, SureHolding, Unsettled
from core.settlement import settle
from core.units import SHARE, Ms, Shares, Usdc

NO_FILLS: Final[Mapping[FillId, FillStatus]] = {}


class PairLedger:
    """Both legs of one market for one strategy.

    Everything named held, cost, spent, received, realized and fees counts provisional fills as landed;
    ``worst_case`` and ``mergeable`` do not. All mutations return the entries they book, maybe none.
    ``changes`` counts what may have changed what is held: a figure reckoned at the same count still holds.
    """

    __slots__ = (
        "_entries",
        "_fills",
        "_holding",
        "_merges",
        "_redeemed",
        "_sure",
        "_unsettled",
        "changes",
        "market_id",
        "strategy",
    )

    def __init__(self, market_id: MarketId, strategy: Strategy) -> None:
        self.market_id = market_id
        self.strategy = strategy
        self.changes = 0
        self._begin()

    def _begin(self) -> None:
        self.changes += 1
        self._holding = Holding()
        self._entries: list[Entry] = []
        self._fills: dict[FillId, FillStatus] = {}
        self._unsettled = Unsettled()
        self._sure = SureHolding()
        self._merges = Merges()
        self._redeemed: set[str] = set()

    def filled(
        self,
        fill_id: FillId,
        outcome: Outcome,
        side: Side,
        shares: Shares,
        amount: Usdc,
        fee: Usdc,
        status: FillStatus,
        at_ms: Ms,
    ) -> tuple[Entry, ...]:
        """Book a fill once; told again it only settles. ``amount`` is before ``fee``, both not negative."""
        if fill_id in self._fills:
            return self.settled(fill_id, status, at_ms)
        self.changes += 1
        self._fills[fill_id] = status
        if status is FillStatus.FAILED:
            return ()
        if status is not FillStatus.CONFIRMED:
            net = Usdc(-amount - fee) if side is Side.BUY else Usdc(amount - fee)
            self._unsettled.add(fill_id, Provisional(outcome, side, shares, net))
        return self._booked(self._trade(fill_id, outcome, side, shares, amount, fee, at_ms))

    def settled(self, fill_id: FillId, status: FillStatus, at_ms: Ms) -> tuple[Entry, ...]:
        """Move a fill on. FAILED takes it back as if it had never been.

        Raises ``LookupError`` for a fill never booked, ``IllegalTransition`` when it was settled otherwise.
        """
        was = self._fills.get(fill_id)
        if was is None:
            raise LookupError(f"no such fill in {self.market_id}: {fill_id}")
        self.changes += 1
        after = self._fills[fill_id] = settle(was, status)
        if after is was or after not in (FillStatus.CONFIRMED, FillStatus.FAILED):
            return ()
        self._unsettled.drop(fill_id)
        reversal = self._take_back(fill_id, at_ms) if after is FillStatus.FAILED else ()
        self._sure.moved(self._entries, self._holding, settled=not self._unsettled)
        return reversal

    def merge_planned(self, action_id: str, shares: Shares) -> None:
        """Reserve ``shares`` of both legs. Raises ``ValueError`` beyond ``mergeable``."""
        if not 0 < shares <= self.mergeable:
            raise ValueError(f"cannot merge {shares} of {self.mergeable} in {self.market_id}")
        self._merges.plan(action_id, shares)

    def merge_stepped(self, event: MergeStepped) -> tuple[Entry, ...]:
        """Follow a merge. One that was planned in an earlier life of the process is adopted."""
        shares = self._merges.step(event)
        if shares is None:
            return ()
        worth = Usdc(shares)
        return self._booked(
            self._paid_out(EntryKind.MERGE, outcome, shares, usdc, event.heard_ms, event.action_id)
            for outcome, usdc in ((Outcome.YES, worth), (Outcome.NO, Usdc(0)))
        )

    def redeemed(self, event: Redeemed) -> tuple[Entry, ...]:
        """Book what resolved shares paid, once per action. The receipt stands on the first leg redeemed."""
        if event.action_id in self._redeemed:
            return ()
        self._redeemed.add(event.action_id)
        legs = [(Outcome.YES, event.yes), (Outcome.NO, event.no)]
        receipt = event.received
        entries = []
        for outcome, shares in legs:
            if shares:
                entries.append(
                    self._paid_out(
                        EntryKind.REDEEM, outcome, shares, receipt, event.heard_ms, event.action_id
                    )
                )
                receipt = Usdc(0)
        return self._booked(entries)

    def adjusted(self, entries: Iterable[Entry]) -> None:
        """Take in what was booked from outside, as far as it is of this ledger. Fills among it are final."""
        mine = [
            entry
            for entry in entries
            if entry.strategy is self.strategy and entry.market_id == self.market_id
        ]
        for entry in mine:
            if entry.fill_id is not None:
                self._fills[entry.fill_id] = FillStatus.CONFIRMED
        self._booked(mine)

    def rebuild(self, entries: Iterable[Entry], provisional: Mapping[FillId, FillStatus] = NO_FILLS) -> None:
        """Begin again from ``entries``, oldest first. Fills not in ``provisional``, which may name those of
        other markets too, count as CONFIRMED."""
        self._begin()
        self._entries = [entry for entry in entries if entry.strategy is self.strategy]
        self._holding = fold(self._entries)
        for entry in self._entries:
            if entry.fill_id is not None:
                failed = entry.reverses or self._fills.get(entry.fill_id) is FillStatus.FAILED
                settled = provisional.get(entry.fill_id, FillStatus.CONFIRMED)
                self._fills[entry.fill_id] = FillStatus.FAILED if failed else settled
            elif entry.kind is EntryKind.MERGE and entry.note is not None:
                self._merges.done(entry.note, Shares(-entry.shares))
            elif entry.kind is EntryKind.REDEEM and entry.note is not None:
                self._redeemed.add(entry.note)
        for fill_id, status in self._fills.items():
            if status not in (FillStatus.CONFIRMED, FillStatus.FAILED):
                self._unsettled.add(fill_id, self._as_booked(fill_id))
        self._sure.moved(self._entries, self._holding, settled=not self._unsettled)

    def held(self, outcome: Outcome) -> Shares:
        return self._holding.held(outcome)

    def cost(self, outcome: Outcome) -> Usdc:
        """What the shares held of ``outcome`` cost, fees in."""
        return self._holding.cost(outcome)

    def avg(self, outcome: Outcome) -> Usdc | None:
        """Average cost of one share of ``outcome``, fees in: micro USDC a share (a ``Price`` is 100 of them),
        rounded up. ``None`` when none is held."""
        held = self._holding.held(outcome)
        return Usdc(-(-self._holding.cost(outcome) * SHARE // held)) if held > 0 else None

    @property
    def spent(self) -> Usdc:
        """Paid for buys, fees in."""
        return self._holding.spent

    @property
    def received(self) -> Usdc:
        """Net of sells, merges, redemptions, rebates."""
        return self._holding.received

    @property
    def fees(self) -> Usdc:
        return self._holding.fees

    @property
    def realized(self) -> Usdc:
        """Realized P&L by average cost, fees in."""
        return self._holding.realized

    @property
    def locked(self) -> Shares:
        """Pairs: each pays 1 USDC whoever wins."""
        return self._holding.locked

    @property
    def exposed(self) -> Shares:
        return Shares(abs(self._holding.yes - self._holding.no))

    @property
    def exposed_outcome(self) -> Outcome | None:
        """The larger leg; ``None`` when the legs are level."""
        holding = self._holding
        if holding.yes == holding.no:
            return None
        return Outcome.YES if holding.yes > holding.no else Outcome.NO

    @property
    def uncompleted_avg(self) -> Usdc | None:
        """``avg`` of the larger leg; ``None`` when the legs are level."""
        ahead = self.exposed_outcome
        return None if ahead is None else self.avg(ahead)

    @property
    def pair_cost(self) -> Usdc | None:
        """``avg`` of YES plus that of NO, in micro USDC a pair. ``None`` while a leg is empty."""
        yes, no = self.avg(Outcome.YES), self.avg(Outcome.NO)
        return None if yes is None or no is None else Usdc(yes + no)

    @property
    def worst_case(self) -> Usdc:
        """Profit if the worse outcome wins and of every provisional fill the worse happens; receipts of
        provisional sells count 0. Positive: locked in.

        Without provisional fills this is ``received - spent + min(yes, no)``. A provisional buy of the winner
        that fails takes its gain away; one of the loser is worst when it lands, and that is booked already.
        """
        return Usdc(self._holding.flow - self._unsettled.receipts + self._least())

    @property
    def at_risk(self) -> Usdc:
        """What can still be lost at most, nothing on offer."""
        return self.at_risk_offering(Shares(0), Shares(0))

    def at_risk_offering(self, yes: Shares, no: Shares) -> Usdc:
        """What can still be lost at most while ``yes`` and ``no`` shares are on offer, counted from what will have
        been realized: without unsure fills that is the cost of what is held less the pairs that pay it back.

        What is on offer counts as sold for nothing, and what is unsure as the worse of landed and failed, as in
        ``worst_case``; but the loss that an unsure fill brings is not realized yet, it can still be lost. Never
        below what any end of the unsettled fills and of the offers leaves.
        """
        holding = self._holding
        realized = int(holding.realized)
        if self._unsettled:
            # Average costs mix sure and unsure fills: each leg may have realized more without its unsure ones.
            sure = self._sure.holding(self._entries, self._unsettled)
            for outcome in Outcome:
                more = sure.cost(outcome) - holding.cost(outcome) - self._unsettled.net[outcome]
                realized += max(0, more)
        worst = holding.flow - self._unsettled.receipts + self._least(yes, no)
        return Usdc(max(0, realized - worst))

    def _least(self, yes: int = 0, no: int = 0) -> Shares:
        """What the worse outcome pays for what is held, every provisional buy settled for the worse, ``yes`` and
        ``no`` shares given away."""
        holding, gain = self._holding, self._unsettled.gain
        return Shares(min(holding.yes - yes - gain[Outcome.YES], holding.no - no - gain[Outcome.NO]))

    @property
    def best_case(self) -> Usdc:
        """Profit if the better outcome wins and every provisional fill lands."""
        return Usdc(self._holding.flow + max(self._holding.yes, self._holding.no))

    def after_buy(self, outcome: Outcome, shares: Shares, amount: Usdc) -> tuple[Usdc, Shares]:
        """``worst_case`` and ``exposed`` if ``shares`` were bought and confirmed for ``amount``, fee in."""
        holding, gain = self._holding, self._unsettled.gain
        yes, no = int(holding.yes), int(holding.no)
        if outcome is Outcome.YES:
            yes += shares
        else:
            no += shares
        worst = min(yes - gain[Outcome.YES], no - gain[Outcome.NO])
        return Usdc(holding.flow - self._unsettled.receipts - amount + worst), Shares(abs(yes - no))

    @property
    def reserved(self) -> Shares:
        """Pairs that a merge under way has taken."""
        return self._merges.reserved

    @property
    def mergeable(self) -> Shares:
        """Pairs of CONFIRMED shares that no other merge has reserved."""
        holding, bought = self._holding, self._unsettled.bought
        sure = min(holding.yes - bought[Outcome.YES], holding.no - bought[Outcome.NO])
        return Shares(max(0, sure - self.reserved))

    def sellable(self, outcome: Outcome) -> Shares:
        """CONFIRMED shares of ``outcome`` that no merge has reserved. Open sell orders are not counted out."""
        return Shares(max(0, self._holding.held(outcome) - self._unsettled.bought[outcome] - self.reserved))

    def confirmed(self, outcome: Outcome) -> Shares:
        """Shares of ``outcome`` held even if every provisional buy of it fails."""
        return Shares(max(0, self._holding.held(outcome) - self._unsettled.bought[outcome]))

    @property
    def provisional(self) -> int:
        """How many fills may still fail."""
        return len(self._unsettled)

    @property
    def unsettled_fills(self) -> tuple[Provisional, ...]:
        """Those that may still fail."""
        return self._unsettled.fills

    def most_held(self, outcome: Outcome) -> Shares:
        """Shares of ``outcome`` held if every provisional buy of it lands and every provisional sale fails."""
        return Shares(self._holding.held(outcome) + self._unsettled.sold[outcome])

    @property
    def unsure_receipts(self) -> Usdc:
        """What provisional sales brought: cash that is gone if they fail."""
        return self._unsettled.receipts

    def fill_status(self, fill_id: FillId) -> FillStatus | None:
        """How far a fill has settled; ``None`` for one never booked."""
        return self._fills.get(fill_id)

    def knows(self, fill_id: FillId) -> bool:
        return fill_id in self._fills

    def _trade(
        self,
        fill_id: FillId,
        outcome: Outcome,
        side: Side,
        shares: Shares,
        amount: Usdc,
        fee: Usdc,
        at_ms: Ms,
    ) -> Iterable[Entry]:
        kind, sign = (EntryKind.BUY, 1) if side is Side.BUY else (EntryKind.SELL, -1)
        yield self._entry(kind, outcome, sign * shares, -sign * amount, fill_id, at_ms, None)
        if fee:
            yield self._entry(EntryKind.FEE, outcome, 0, -fee, fill_id, at_ms, None)

    def _paid_out(
        self, kind: EntryKind, outcome: Outcome, shares: Shares, usdc: Usdc, at_ms: Ms, action_id: str
    ) -> Entry:
        return self._entry(kind, outcome, -shares, usdc, None, at_ms, action_id)

    def _entry(
        self,
        kind: EntryKind,
        outcome: Outcome | None,
        shares: int,
        usdc: int,
        fill_id: FillId | None,
        at_ms: Ms,
        note: str | None,
    ) -> Entry:
        return Entry(
            kind=kind,
            market_id=self.market_id,
            strategy=self.strategy,
            outcome=outcome,
            shares=Shares(shares),
            usdc=Usdc(usdc),
            fill_id=fill_id,
            at_ms=at_ms,
            note=note,
        )

    def _booked(self, entries: Iterable[Entry]) -> tuple[Entry, ...]:
        booked = tuple(entries)
        self.changes += 1
        self._entries.extend(booked)
        for entry in booked:
            self._holding.apply(entry)
        self._sure.moved(self._entries, self._holding, settled=not self._unsettled)
        return booked

    def _take_back(self, fill_id: FillId, at_ms: Ms) -> tuple[Entry, ...]:
        booked = [entry for entry in self._entries if entry.fill_id == fill_id]
        reversal = tuple(
            self._entry(entry.kind, entry.outcome, -entry.shares, -entry.usdc, fill_id, at_ms, "fill failed")
            for entry in booked
        )
        self._entries.extend(reversal)
        self._holding = fold(self._entries)
        return reversal

    def _as_booked(self, fill_id: FillId) -> Provisional:
        booked = [entry for entry in self._entries if entry.fill_id == fill_id]
        trade = booked[0]
        assert trade.outcome is not None, "a trade is of one outcome"
        side = Side.BUY if trade.kind is EntryKind.BUY else Side.SELL
        net = Usdc(sum(entry.usdc for entry in booked))
        return Provisional(trade.outcome, side, Shares(abs(trade.shares)), net)
