"""The one door: ``Engine.step(event) -> Step``. Same events in, same steps out, byte for byte.

The engine owns every market of a shard, applies each event, lets the strategy propose where something
it looks at changed, asks the judge, and says what is to be done. It reads no clock: time is the event's
``heard_ms``. It is not thread safe; one runner owns it.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from core import events as ev
from core.book import PhantomEnded, ResyncWanted, Trust, TrustChanged
from core.day import Day
from core.desk import Desk
from core.ids import FillId, IntentKey, MarketId, Outcome, Strategy
from core.intents import Redeem, Resync
from core.ledger import Entry, Ledger
from core.notes import Booked, InputRefused, Note, Refusal, Settled, moved
from core.orders import Stray
from core.proposals import carry_out, withdraw_all
from core.risk import Rule
from core.steps import Draft, Setup, Step
from core.trading import Happening
from core.units import Ms

CASH_SHORT_MS: Final = 60_000

__all__ = ["Engine", "Setup", "Step"]


class Engine:
    """All markets of one shard."""

    def __init__(self, setup: Setup, *, entries: Iterable[Entry], sequences: dict[MarketId, int]) -> None:
        """``entries`` rebuild the ledger; ``sequences`` are the last decision numbers used, by market."""
        self.setup = setup
        self.desks: dict[MarketId, Desk] = {}
        self.ledger = Ledger()
        self.ledger.book(entries)
        self.halted: str | None = None
        self.day = Day()
        self.approvals: deque[Ms] = deque()
        self.merges: deque[Ms] = deque()
        self.cash_refused_ms: Ms | None = None
        self.refusals: Counter[Rule] = Counter()  # every one; a step tells only those that are news
        self.phantoms = 0
        self._sequences = dict(sequences)
        self._halts_to_come: dict[MarketId, str] = {}  # of markets not listed yet
        self._draft = Draft()
        self._at: MarketId | None = None
        self._doors: dict[type, Callable[[Any, Draft], None]] = {
            ev.BookChanged: self._book,
            ev.BookSnapshot: self._book,
            ev.TradePrinted: self._trade,
            ev.TickSizeChanged: self._tick_size,
            ev.MarketListed: self._listed,
            ev.FeedLost: self._feed_lost,
            ev.FeedBack: self._feed_back,
            ev.ResyncFailed: self._resync_failed,
            ev.MarketResolved: self._resolved,
            ev.MatchSignal: self._match,
            ev.OrderSent: self._order,
            ev.OrderAcked: self._order,
            ev.OrderRejected: self._order,
            ev.OrderUnknown: self._order,
            ev.OrderClosed: self._order,
            ev.CancelFailed: self._order,
            ev.FillSeen: self._fill,
            ev.FillSettled: self._settled,
            ev.MergeStepped: self._merge,
            ev.Redeemed: self._redeemed,
            ev.BalanceSeen: self._balance,
            ev.Halted: self._halted,
            ev.Resumed: self._resumed,
            ev.Tick: self._tick,
        }

    def step(self, event: ev.Event) -> Step:
        """Take one event. An exception here means that a market's state is not to be trusted any more: the caller
        asks ``working_on`` which one, carries out ``salvage``, and stops it with ``break_market``."""
        draft = self._draft = Draft()
        self._at = None
        self._doors[type(event)](event, draft)
        return draft.done()

    @property
    def working_on(self) -> MarketId | None:
        """The market the last step was at; after an exception the one that failed. ``None``: it was at none."""
        return self._at

    def salvage(self) -> Step:
        """What the step that raised had decided before it did: our tables hold it, so it must still be done."""
        draft, self._draft = self._draft, Draft()
        return draft.done()

    def break_market(self, market_id: MarketId, reason: str, now: Ms) -> Step:
        """Stop one market and look at it no more until it is resumed by name; withdraw what rests there."""
        draft = Draft()
        desk = self.desks.get(market_id)
        if desk is not None:
            desk.halted, desk.broken = reason, True
            withdraw_all(desk, reason, now, draft)
        return draft.done()

    def desk(self, market_id: MarketId) -> Desk | None:
        return self.desks.get(market_id)

    def _known(self, market_id: MarketId, now: Ms, draft: Draft) -> Desk | None:
        self._at = market_id
        desk = self.desks.get(market_id)
        if desk is None:
            draft.notes.append(InputRefused(Refusal.UNKNOWN_MARKET, market_id, now))
        return desk

    def _each(self, desks: Iterable[Desk]) -> Iterator[Desk]:
        """One desk after the other, so that an exception names its market. Broken ones are left alone."""
        for desk in list(desks):
            if not desk.broken:
                self._at = desk.listing.market_id
                yield desk

    def _book(self, event: ev.BookChanged | ev.BookSnapshot, draft: Draft) -> None:
        desk = self._known(event.market_id, event.heard_ms, draft)
        if desk is None or desk.broken:
            return
        book = desk.book
        book.apply(event)
        if not event.ends_frame:
            return
        notes = book.judge_frame(event.heard_ms)
        if notes:
            self._book_notes(desk, notes, draft)
        if desk.hear_price(event.heard_ms):
            self._decide(desk, event.heard_ms, draft)

    def _book_notes(self, desk: Desk, notes: Iterable[Note], draft: Draft) -> None:
        for note in notes:
            draft.notes.append(note)
            if isinstance(note, ResyncWanted):
                draft.resyncs.append(Resync(desk.listing.market_id, note.reason, note.at_ms))
            elif isinstance(note, PhantomEnded):
                self.phantoms += 1
            elif isinstance(note, TrustChanged):
                desk.seen = None  # the same prices are news again

    def _trade(self, event: ev.TradePrinted, draft: Draft) -> None:
        desk = self._known(event.market_id, event.heard_ms, draft)
        if desk is not None:
            desk.last_trade = event

    def _tick_size(self, event: ev.TickSizeChanged, draft: Draft) -> None:
        desk = self._known(event.market_id, event.heard_ms, draft)
        if desk is not None:
            desk.retick(event.tick)
            self._decide(desk, event.heard_ms, draft)

    def _listed(self, event: ev.MarketListed, draft: Draft) -> None:
        self._at = event.market_id
        desk = self.desks.get(event.market_id)
        if desk is not None:
            desk.listing = event
            draft.notes.extend(desk.holdings_changed(event.heard_ms))
            self._decide(desk, event.heard_ms, draft)
            return
        desk = Desk(event, self._sequences.get(event.market_id, 0))
        desk.halted = self._halts_to_come.pop(event.market_id, None)
        self.desks[event.market_id] = desk
        entries = self.ledger.entries_of(event.market_id, Strategy.PAIR_ARB)
        draft.notes.extend(desk.recall(entries, event.heard_ms))

    def _feed_lost(self, event: ev.FeedLost, draft: Draft) -> None:
        for desk in self._desks_of(event.market_ids):
            self._book_notes(desk, desk.book.feed_lost(event.heard_ms), draft)
            self._decide(desk, event.heard_ms, draft)

    def _feed_back(self, event: ev.FeedBack, draft: Draft) -> None:
        for desk in self._desks_of(event.market_ids):
            self._book_notes(desk, desk.book.feed_back(event.heard_ms), draft)

    def _resync_failed(self, event: ev.ResyncFailed, draft: Draft) -> None:
        desk = self._known(event.market_id, event.heard_ms, draft)
        if desk is not None:
            self._book_notes(desk, desk.book.resync_failed(event.heard_ms, event.reason), draft)
            self._decide(desk, event.heard_ms, draft)

    def _desks_of(self, market_ids: Iterable[MarketId]) -> Iterator[Desk]:
        return self._each(self.desks[market_id] for market_id in market_ids if market_id in self.desks)

    def _resolved(self, event: ev.MarketResolved, draft: Draft) -> None:
        desk = self._known(event.market_id, event.heard_ms, draft)
        if desk is None:
            return
        desk.payout = event.payout
        draft.notes.extend(desk.happen(Happening.RESOLVED, event.heard_ms))
        self._decide(desk, event.heard_ms, draft)
        self._redeem(desk, event.heard_ms, draft)

    def _redeem(self, desk: Desk, now: Ms, draft: Draft) -> None:
        """Collect once every fill is settled and nothing is open: what is asked for must be there."""
        pair = desk.pair
        yes, no = pair.held(Outcome.YES), pair.held(Outcome.NO)
        if desk.payout is None or desk.redeem_asked or not (yes or no):
            return
        if pair.provisional or pair.reserved or desk.orders.open():
            return
        desk.redeem_asked = True
        action = f"redeem|{self.setup.account}|{desk.listing.market_id}|{now}"
        draft.wallet_actions.append(Redeem(action, desk.listing.market_id, yes, no, desk.payout, now))

    def _match(self, event: ev.MatchSignal, draft: Draft) -> None:
        for desk in self._each(self.desks.values()):
            if desk.listing.match_id == event.match_id:
                desk.hear_match(event)
                self._decide(desk, event.heard_ms, draft)

    def _owner(self, key: IntentKey, now: Ms, draft: Draft) -> Desk | None:
        """The desk of an order, by the market in its key."""
        parts = key.split("|")
        desk = self.desks.get(MarketId(parts[1])) if len(parts) == 4 else None
        if desk is None:
            draft.notes.append(InputRefused(Refusal.UNKNOWN_ORDER, key, now))
        else:
            self._at = desk.listing.market_id
        return desk

    def _order(self, event: ev.OrderAnswer, draft: Draft) -> None:
        desk = self._owner(event.key, event.heard_ms, draft)
        if desk is None:
            return
        order = desk.orders.get(event.key)
        if order is None:
            draft.notes.append(InputRefused(Refusal.UNKNOWN_ORDER, event.key, event.heard_ms))
            return
        was = order.status
        desk.orders.apply(event)
        if isinstance(event, ev.OrderRejected):
            desk.rejected(order.place.outcome, event.heard_ms)
        if order.status is not was:
            draft.notes.append(moved(order, event))
        self._decide(desk, event.heard_ms, draft)
        self._redeem(desk, event.heard_ms, draft)

    def _fill(self, event: ev.FillSeen, draft: Draft) -> None:
        desk = self._owner(event.key, event.heard_ms, draft)
        if desk is None:
            return
        order = desk.orders.get(event.key)
        if order is None:
            draft.notes.append(InputRefused(Refusal.LATE_FILL_FORGOTTEN, event.fill_id, event.heard_ms))
            return
        happening = desk.orders.apply(event)
        if happening is None or isinstance(happening, Stray):
            self._told_again(desk, event, draft)
            return
        place = order.place
        booked = desk.pair.filled(
            event.fill_id,
            place.outcome,
            place.side,
            event.shares,
            event.amount,
            event.fee,
            event.status,
            event.heard_ms,
        )
        self._book_entries(booked, draft)
        draft.notes.append(moved(order, event))
        draft.notes.extend(desk.holdings_changed(event.heard_ms))
        self._decide(desk, event.heard_ms, draft)
        self._redeem(desk, event.heard_ms, draft)

    def _told_again(self, desk: Desk, event: ev.FillSeen, draft: Draft) -> None:
        """A trade is told once per status: a later one settles it, the same one is only counted."""
        pair = desk.pair
        was = pair.fill_status(event.fill_id)
        if was is None or was is event.status:
            draft.notes.append(InputRefused(Refusal.REPEATED_FILL, event.fill_id, event.heard_ms))
            return
        self._settle(desk, event.fill_id, event.status, event.heard_ms, draft)

    def _settle(self, desk: Desk, fill_id: FillId, status: ev.FillStatus, now: Ms, draft: Draft) -> None:
        was = desk.pair.fill_status(fill_id)
        self._book_entries(desk.pair.settled(fill_id, status, now), draft)
        if desk.pair.fill_status(fill_id) is not was:
            draft.notes.append(Settled(fill_id, status, now))
        draft.notes.extend(desk.holdings_changed(now))
        self._decide(desk, now, draft)
        self._redeem(desk, now, draft)

    def _book_entries(self, entries: tuple[Entry, ...], draft: Draft) -> None:
        if entries:
            self.ledger.book(entries)
            draft.notes.append(Booked(entries))

    def _settled(self, event: ev.FillSettled, draft: Draft) -> None:
        for desk in self.desks.values():
            if desk.pair.knows(event.fill_id):
                self._at = desk.listing.market_id
                self._settle(desk, event.fill_id, event.status, event.heard_ms, draft)
                return
        draft.notes.append(InputRefused(Refusal.UNKNOWN_ORDER, event.fill_id, event.heard_ms))

    def _merge(self, event: ev.MergeStepped, draft: Draft) -> None:
        desk = self._known(event.market_id, event.heard_ms, draft)
        if desk is not None:
            self._book_entries(desk.pair.merge_stepped(event), draft)
            draft.notes.extend(desk.holdings_changed(event.heard_ms))
            self._redeem(desk, event.heard_ms, draft)

    def _redeemed(self, event: ev.Redeemed, draft: Draft) -> None:
        desk = self._known(event.market_id, event.heard_ms, draft)
        if desk is not None:
            self._book_entries(desk.pair.redeemed(event), draft)
            draft.notes.extend(desk.holdings_changed(event.heard_ms))
            # A fill may have come between the request and the payment: what is left is asked for once more.
            if event.yes or event.no:
                desk.redeem_asked = False
                self._redeem(desk, event.heard_ms, draft)

    def _balance(self, event: ev.BalanceSeen, draft: Draft) -> None:
        """The keeper's own figure is compared by reconciliation, never adopted here."""

    def _halted(self, event: ev.Halted, draft: Draft) -> None:
        if event.market_id is None:
            self.halted = event.reason
        elif event.market_id in self.desks:
            self.desks[event.market_id].halted = event.reason
        else:
            self._halts_to_come[event.market_id] = event.reason
        for desk in self._named(event.market_id):
            self._decide(desk, event.heard_ms, draft)

    def _resumed(self, event: ev.Resumed, draft: Draft) -> None:
        if event.market_id is None:
            self.halted = None
        elif event.market_id in self.desks:
            self.desks[event.market_id].resume()
        else:
            self._halts_to_come.pop(event.market_id, None)
        for desk in self._named(event.market_id):
            draft.notes.extend(desk.recompute(event.heard_ms))
            self._decide(desk, event.heard_ms, draft)

    def _named(self, market_id: MarketId | None) -> Iterator[Desk]:
        """The desks a halt or its end is about: one, or all."""
        return self._each(self.desks.values()) if market_id is None else self._desks_of([market_id])

    def _tick(self, event: ev.Tick, draft: Draft) -> None:
        now = event.heard_ms
        for desk in self.desks.values():
            if desk.broken:
                withdraw_all(desk, desk.halted or "broken", now, draft)
        for desk in self._each(self.desks.values()):
            notes = desk.book.tick(now)
            if notes:
                self._book_notes(desk, notes, draft)
            if desk.book.trust is Trust.TRUSTED:
                desk.remember_bids(now)
            if notes or not desk.asleep(now):
                self._decide(desk, now, draft)
            self._redeem(desk, now, draft)
        self._at = None
        self.value_account(now, draft)

    def value_account(self, now: Ms, draft: Draft) -> None:
        """Once a tick, and before the first order."""
        began = self.day.value(self.ledger, self.desks.values(), now)
        if began is not None:
            draft.notes.append(began)

    def cash_short(self, now: Ms) -> bool:
        """An order was refused for want of cash within the last minute: pairs had better become cash."""
        return self.cash_refused_ms is not None and now - self.cash_refused_ms < CASH_SHORT_MS

    def _decide(self, desk: Desk, now: Ms, draft: Draft) -> None:
        if desk.broken:
            withdraw_all(desk, desk.halted or "broken", now, draft)
        else:
            carry_out(self, desk, now, draft)

    def forget(self, market_id: MarketId) -> bool:
        """Drop a resolved market that holds nothing and waits for nothing. False when it must stay."""
        desk = self.desks.get(market_id)
        if desk is None or not desk.is_done:
            return False
        self._sequences[market_id] = desk.sequence
        del self.desks[market_id]
        return True
