"""The one door: ``Engine.step(event) -> Step``. Same events in, same steps out, byte for byte.

The engine owns every market of a shard, applies each event, lets the strategy propose where something
it looks at changed, asks the judge, and says what is to be done. It reads no clock: time is the event's
``heard_ms``. It is not thread safe; one runner owns it.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, Final, get_args

from core import events as ev
from core.absent import NOTHING_LEFT, Past, absent_markets
from core.aftermath import (
    hear_adjusted,
    hear_fill,
    hear_merge,
    hear_order,
    hear_redeem_failed,
    hear_redeemed,
    hear_settled,
    redeem,
)
from core.agreed import set_limits
from core.book import PhantomEnded, ResyncWanted, Trust, TrustChanged
from core.day import Day
from core.desk import Desk
from core.ids import GroupId, MarketId, Strategy
from core.intents import Resync
from core.ledger import Entry, Ledger
from core.limits import Budget, Limits
from core.notes import InputRefused, Note, Refusal
from core.proposals import carry_out, withdraw_all, withdraw_opening
from core.risk import Rule
from core.safeguards import (
    close_breaker,
    follow_window,
    keeps_budget,
    watch_answers,
    window_moved,
)
from core.skew import Skew
from core.stake import at_stake, free_cash
from core.steps import Draft, Setup, Step
from core.trading import Happening
from core.units import Ms, Usdc
from core.windows import Windows

# What is said about one of our orders.
ORDER_ANSWERS: Final = get_args(ev.OrderAnswer)
CASH_SHORT_MS: Final = 60_000

__all__ = ["Engine", "Past", "Setup", "Step"]


class Engine:
    """All markets of one shard."""

    def __init__(
        self,
        setup: Setup,
        *,
        entries: Iterable[Entry],
        sequences: dict[MarketId, int],
        past: Past = NOTHING_LEFT,
    ) -> None:
        """``entries`` rebuild the ledger; ``sequences`` are the last decision numbers used, by market; ``past`` is
        what an earlier life of the process left under way."""
        self.setup = setup
        self.desks: dict[MarketId, Desk] = {}
        self.ledger = Ledger()
        self.ledger.book(entries)
        self.absent = absent_markets(self.ledger, past)
        self._provisional = past.provisional
        self.halted: str | None = None
        self.day = Day()
        self.windows = Windows()
        self.budget: Budget | None = None  # this shard's part of the limits; ``None``: it has them to itself
        self._breakers = {kept.market_id: kept for kept in past.breakers}  # of markets not listed yet
        self.skew = Skew()
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
            **dict.fromkeys(ORDER_ANSWERS, partial(hear_order, self)),
            ev.FillSeen: partial(hear_fill, self),
            ev.FillSettled: partial(hear_settled, self),
            ev.MergeStepped: partial(hear_merge, self),
            ev.Redeemed: partial(hear_redeemed, self),
            ev.RedeemFailed: partial(hear_redeem_failed, self),
            ev.BalanceSeen: self._balance,
            ev.Adjusted: partial(hear_adjusted, self),
            ev.Halted: self._halted,
            ev.Resumed: self._resumed,
            ev.WindowTold: self._window,
            ev.BreakerReset: self._reset_breaker,
            ev.BudgetSet: self._budget,
            ev.LimitsSet: partial(set_limits, self),
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

    def begin_at(self, market_id: MarketId) -> None:
        """From here on the step is at this market: it is the one to stop should it fail."""
        self._at = market_id

    @property
    def at_risk(self) -> Usdc:
        """What can be lost in all markets, own open bids filled; those not listed and what others traded on the
        account included."""
        return at_stake(self).at_risk

    def at_risk_with(self, group: GroupId) -> tuple[Usdc, Usdc]:
        """What can be lost in one group of markets and in all. Whose group is not known counts in every one: that is a
        market which is not listed. So does what others traded on the account."""
        stake = at_stake(self, group)
        return stake.at_risk_group, stake.at_risk

    @property
    def free_cash(self) -> Usdc:
        """What may still be spent: without what open bids may cost and without what unsure sales brought."""
        return free_cash(self, at_stake(self).bound)

    @property
    def limits(self) -> Limits:
        """What binds here: of each limit the smaller of the whole and of this shard's part."""
        return self.setup.limits.within(self.budget)

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
            if type(event) is ev.BookChanged:
                self.skew.hear(event.said_ms, event.heard_ms)
            self.decide(desk, event.heard_ms, draft)

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
            self.decide(desk, event.heard_ms, draft)

    def _listed(self, event: ev.MarketListed, draft: Draft) -> None:
        self._at = event.market_id
        desk = self.desks.get(event.market_id)
        if desk is not None:
            desk.listing = event
            draft.notes.extend(desk.holdings_changed(event.heard_ms))
            self.decide(desk, event.heard_ms, draft)
            return
        desk = Desk(event, self._sequences.get(event.market_id, 0))
        desk.halted = self._halts_to_come.pop(event.market_id, None)
        self.desks[event.market_id] = desk
        if (kept := self._breakers.pop(event.market_id, None)) is not None:
            desk.guard.breaker.restore(kept)
        entries = self.ledger.entries_of(event.market_id, Strategy.PAIR_ARB)
        absent = self.absent.pop(event.market_id, None)
        if absent is not None:
            desk.pair, desk.orders, desk.redeem_asked = absent.pair, absent.orders, absent.redeem_asked
        else:
            desk.pair.rebuild(entries, self._provisional)
        draft.notes.extend(desk.recall(entries, event.heard_ms))
        for heard in () if absent is None else absent.heard:
            self._doors[type(heard)](heard, draft)

    def _feed_lost(self, event: ev.FeedLost, draft: Draft) -> None:
        for desk in self._desks_of(event.market_ids):
            desk.feed_lost = event.reason
            self._book_notes(desk, desk.book.feed_lost(event.heard_ms), draft)
            self.decide(desk, event.heard_ms, draft)

    def _feed_back(self, event: ev.FeedBack, draft: Draft) -> None:
        for desk in self._desks_of(event.market_ids):
            desk.feed_lost = None
            self._book_notes(desk, desk.book.feed_back(event.heard_ms), draft)

    def _resync_failed(self, event: ev.ResyncFailed, draft: Draft) -> None:
        desk = self._known(event.market_id, event.heard_ms, draft)
        if desk is not None:
            self._book_notes(desk, desk.book.resync_failed(event.heard_ms, event.reason), draft)
            self.decide(desk, event.heard_ms, draft)

    def _desks_of(self, market_ids: Iterable[MarketId]) -> Iterator[Desk]:
        return self._each(self.desks[market_id] for market_id in market_ids if market_id in self.desks)

    def _resolved(self, event: ev.MarketResolved, draft: Draft) -> None:
        desk = self._known(event.market_id, event.heard_ms, draft)
        if desk is None:
            return
        desk.payout = event.payout
        draft.notes.extend(desk.happen(Happening.RESOLVED, event.heard_ms))
        close_breaker(self, desk, "the market is resolved", event.heard_ms, draft)
        self.decide(desk, event.heard_ms, draft)
        redeem(self, desk, event.heard_ms, draft)

    def _match(self, event: ev.MatchSignal, draft: Draft) -> None:
        for desk in self._each(self.desks.values()):
            if desk.listing.match_id == event.match_id:
                desk.hear_match(event)
                self.decide(desk, event.heard_ms, draft)

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
            self.decide(desk, event.heard_ms, draft)

    def _resumed(self, event: ev.Resumed, draft: Draft) -> None:
        if event.market_id is None:
            self.halted = None
        elif event.market_id in self.desks:
            self.desks[event.market_id].resume()
        else:
            self._halts_to_come.pop(event.market_id, None)
        for desk in self._named(event.market_id):
            draft.notes.extend(desk.recompute(event.heard_ms))
            self.decide(desk, event.heard_ms, draft)

    def _window(self, event: ev.WindowTold, draft: Draft) -> None:
        now = event.heard_ms
        if not self.windows.tell(event):
            return
        draft.notes.append(window_moved(self.windows, now))
        for desk in self._each(self.desks.values()):
            self._book_notes(desk, follow_window(self, desk, now), draft)
            self.decide(desk, now, draft)

    def _reset_breaker(self, event: ev.BreakerReset, draft: Draft) -> None:
        self._breakers.pop(event.market_id, None)
        for desk in self._desks_of([event.market_id]):
            close_breaker(self, desk, event.reason, event.heard_ms, draft)
            self.decide(desk, event.heard_ms, draft)

    def _budget(self, event: ev.BudgetSet, draft: Draft) -> None:
        """A cut binds at once: what rests beyond it goes, what is held stays."""
        self.budget = event.budget
        if not keeps_budget(self):
            for desk in self._each(self.desks.values()):
                withdraw_opening(desk, "beyond the budget", event.heard_ms, draft)

    def sound_desks(self) -> Iterator[Desk]:
        """All that are not broken, one after the other."""
        return self._each(self.desks.values())

    def _named(self, market_id: MarketId | None) -> Iterator[Desk]:
        """The desks a halt or its end is about: one, or all."""
        return self.sound_desks() if market_id is None else self._desks_of([market_id])

    def _tick(self, event: ev.Tick, draft: Draft) -> None:
        now = event.heard_ms
        stirred = self.windows.pass_time(now)
        if stirred:
            draft.notes.append(window_moved(self.windows, now))
        for desk in self.desks.values():
            if desk.broken:
                withdraw_all(desk, desk.halted or "broken", now, draft)
        for desk in self._each(self.desks.values()):
            moved = watch_answers(self, desk, now, draft) or stirred
            notes = (*follow_window(self, desk, now), *desk.book.tick(now))
            if notes:
                self._book_notes(desk, notes, draft)
            if desk.book.trust is Trust.TRUSTED:
                desk.remember_bids(now)
            if moved or notes or not desk.asleep(now):
                self.decide(desk, now, draft)
            redeem(self, desk, now, draft)
        self._at = None
        self.value_account(now, draft)

    def value_account(self, now: Ms, draft: Draft) -> None:
        """Once a tick, and before the first order."""
        away = Usdc(sum(absent.at_risk() for absent in self.absent.values()))
        began = self.day.value(self.ledger, self.desks.values(), now, away=away)
        if began is not None:
            draft.notes.append(began)

    def cash_short(self, now: Ms) -> bool:
        """An order was refused for want of cash within the last minute: pairs had better become cash."""
        return self.cash_refused_ms is not None and now - self.cash_refused_ms < CASH_SHORT_MS

    def decide(self, desk: Desk, now: Ms, draft: Draft) -> None:
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
