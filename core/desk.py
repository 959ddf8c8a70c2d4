"""Everything one market has on our table: its book, orders, pair, state and mood.

Mutable and owned by one ``Engine``. The read-only ``View`` that strategies get is made here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from core.attempts import Attempts
from core.book import Book, Trust
from core.breaker import State as Breaking
from core.events import MarketKind, MarketListed, MatchSignal, SignalKind, TradePrinted
from core.fees import fee_estimate
from core.guard import Guard
from core.ids import Outcome, Side, Strategy
from core.intents import OrderKind, Place
from core.ledger import Entry
from core.notes import Decided, Note, StateMoved
from core.orders import Orders
from core.pair import PairLedger
from core.risk import Approved, Refused, Rule
from core.strategies.view import Gate, Mood, View
from core.swing import Swing
from core.trading import Happening, State, holding, legal, step
from core.units import ONE, Ms, Price, Shares, Usdc, cost_up
from core.volatility import MidRange

PULL_MS: Final = Ms(30_000)  # quotes stay away this long after a score, a lead step or a price jump
JUMP_TICKS: Final = 2
REFUSAL_TOLD_MS: Final = Ms(60_000)
REJECTED_REST_MS: Final = Ms(1_000)
HOLD_TOLD_MS: Final = Ms(1_000)
IDLE_LOOK_MS: Final = Ms(5_000)
JUMP_WINDOW_MS: Final = Ms(5_000)
ENDS_PLAY: Final = frozenset({SignalKind.ENDED, SignalKind.ABANDONED})
STIRS: Final = frozenset({SignalKind.SCORE, SignalKind.LEAD, SignalKind.MAP_ENDED, SignalKind.STARTED})
TURNS: Final = frozenset({SignalKind.MAP_ENDED, SignalKind.STARTED})  # news even when no figure moved


class Desk:
    """One market. ``sequence`` numbers its decisions and so names its orders."""

    def __init__(self, listing: MarketListed, sequence: int) -> None:
        self.listing = listing
        self.book = Book(listing.market_id)
        self.pair = PairLedger(listing.market_id, Strategy.PAIR_ARB)
        self.orders = Orders(listing.market_id)
        self.guard = Guard(listing.market_id)
        self.state = State.IDLE
        self.halted: str | None = None
        self.broken = False  # a step raised here: nobody looks at it until it is resumed by name
        self.sequence = sequence
        self.payout: Price | None = None
        self.redeem_asked = False
        self.redeeming = Attempts()
        self.merging = Attempts()
        self.last_trade: TradePrinted | None = None
        self.last_decision: Decided | None = None
        self.signal: MatchSignal | None = None
        self._said: dict[str, MatchSignal] = {}  # each source's last word
        self.trusted_bids: dict[Outcome, tuple[Price, Ms]] = {}
        self.seen: tuple[object, ...] | None = None
        self.naked_since_ms: Ms | None = None
        self._naked: Outcome | None = None
        self._held_since_ms: Ms | None = None
        self._refused: dict[tuple[Outcome, Side, Rule], Ms] = {}
        self._rejected_ms: dict[Outcome, Ms] = {}
        self._pulled_until_ms = Ms(0)
        self._pulled_why = ""
        self._swing = Swing(JUMP_WINDOW_MS)  # of twice the mid
        self.mid_range = MidRange()
        self.feed_lost: str | None = None  # why the stream that carries this market is gone
        self._look_ms = Ms(0)
        self._stake: tuple[Usdc, Usdc, Usdc] = (Usdc(0), Usdc(0), Usdc(0))
        self._stake_of: tuple[object, ...] = ()

    @property
    def stopped(self) -> str | None:
        """Why nothing may be sent here: a halt of this market, or its open breaker, a halt that ends by itself."""
        trip = self.guard.breaker.trip
        if self.halted is not None or trip is None or self.guard.breaker.state is not Breaking.OPEN:
            return self.halted
        return f"breaker open: {trip.detail}"

    def view(
        self,
        *,
        halted: str | None,
        own_shown: bool,
        marketable_min: Usdc,
        cash_short: bool,
        takes_marketable: bool,
        now: Ms,
    ) -> View:
        """This market as a strategy may see it."""
        halt = halted if halted is not None else self.stopped
        return View(
            listing=self.listing,
            book=self.book,
            pair=self.pair,
            orders=self.orders,
            mood=self.mood(now),
            legal=legal(self.state, halted=halt is not None),
            halted=halt,
            own_shown=own_shown,
            marketable_min=marketable_min,
            cash_short=cash_short,
            takes_marketable=takes_marketable,
            now=now,
        )

    def mood(self, now: Ms) -> Mood:
        return Mood(
            in_play=self.in_play(now),
            deciding=self.deciding(),
            pulled_until_ms=self._pulled_until_ms,
            pulled_why=self._pulled_why,
            naked_since_ms=self.naked_since_ms,
            over=self.over(),
        )

    def in_play(self, now: Ms) -> bool | None:
        """Whether the market's own object is being played; ``None`` when nobody told us when it starts."""
        signal, listing = self.signal, self.listing
        if signal is None:
            return None if listing.starts_ms is None else listing.starts_ms <= now
        if signal.kind in ENDS_PLAY:
            return False
        if listing.kind is MarketKind.MAP and listing.map_number is not None:
            return signal.map_number == listing.map_number and not self.over()
        return True

    def over(self) -> bool:
        """The market's own object has been decided, as far as the last word about the match says."""
        signal, listing = self.signal, self.listing
        if signal is None:
            return False
        if signal.kind in ENDS_PLAY or (
            listing.best_of is not None and max(signal.maps) > listing.best_of // 2
        ):
            return True
        if listing.kind is not MarketKind.MAP or listing.map_number is None:
            return False
        ended = signal.kind is SignalKind.MAP_ENDED and signal.map_number >= listing.map_number
        return ended or signal.map_number > listing.map_number or sum(signal.maps) >= listing.map_number

    def deciding(self) -> bool:
        """The last possible map of the series is being played."""
        if self.signal is None or self.listing.best_of is None:
            return False
        before_last = self.listing.best_of // 2
        return self.signal.maps == (before_last, before_last)

    def hear_match(self, signal: MatchSignal) -> None:
        """Take the last word about the match. Only news about this market's object stirs its quotes."""
        before, self.signal = self._said.get(signal.source), signal
        self._said[signal.source] = signal
        if before is not None and not news(before, signal):
            return
        other_map = self.listing.kind is MarketKind.MAP and signal.map_number != self.listing.map_number
        if signal.kind in STIRS and not (other_map and signal.kind is not SignalKind.MAP_ENDED):
            self.pull(signal.kind.value, signal.heard_ms)

    def pull(self, why: str, now: Ms) -> None:
        """Keep quotes away for ``PULL_MS`` from ``now``."""
        self._pulled_until_ms = Ms(now + PULL_MS)
        self._pulled_why = why

    def hear_price(self, now: Ms) -> bool:
        """Note the mid; a move of ``JUMP_TICKS`` within the window pulls quotes. True when the view changed."""
        book = self.book
        bid, ask = book.best_bid, book.best_ask
        seen = (bid, ask, book.trust, book.raw_yes, book.raw_no)
        if seen == self.seen:
            return False
        self.seen = seen
        if bid is None or ask is None:
            return True
        mid2 = bid + ask
        if book.trust is Trust.TRUSTED:
            self.mid_range.hear(mid2, now)
        if self._swing.move(mid2, now) >= 2 * JUMP_TICKS * self.listing.tick:
            self._swing.forget(mid2)
            self.pull("price jump", now)
        return True

    def asleep(self, now: Ms) -> bool:
        """Nothing open, nothing held: a look every ``IDLE_LOOK_MS``, or when a pull ends, is often enough."""
        if self.orders.open() or self.pair.exposed_outcome is not None:
            return False
        if now < self._look_ms:
            return True
        calm = self._pulled_until_ms
        self._look_ms = min(calm, Ms(now + IDLE_LOOK_MS)) if calm > now else Ms(now + IDLE_LOOK_MS)
        return False

    def happen(self, happening: Happening, now: Ms) -> tuple[Note, ...]:
        """Move the trading state by its table."""
        was, self.state = self.state, step(self.state, happening)
        if was is self.state:
            return ()
        return (StateMoved(self.listing.market_id, was, self.state, now),)

    def holdings_changed(self, now: Ms) -> tuple[Note, ...]:
        """After anything moved shares: the state by the ledger, and the clock of the naked leg."""
        pair, dust = self.pair, self.listing.min_size
        ahead = pair.exposed_outcome if pair.exposed >= dust else None
        if ahead is None or ahead is not self._naked:
            self.naked_since_ms = None if ahead is None else now
            self._naked = ahead
        return self.happen(holding(pair.held(Outcome.YES), pair.held(Outcome.NO), dust), now)

    def recall(self, entries: Sequence[Entry], now: Ms) -> tuple[Note, ...]:
        """After the pair was taken up from before this process began: a leg has been naked since it was, not since
        now."""
        notes = self.holdings_changed(now)
        if self.naked_since_ms is not None:
            since = exposed_since(entries, self.listing.min_size)
            self.naked_since_ms = now if since is None else min(since, now)
        return notes

    def recompute(self, now: Ms) -> tuple[Note, ...]:
        """Find the state the ledger says (trading.md 10). What the world has decided stays decided."""
        if self.state in (State.FINALIZING, State.RESOLVED):
            return self.holdings_changed(now)
        was, self.state = self.state, State.IDLE
        self.holdings_changed(now)
        return () if was is self.state else (StateMoved(self.listing.market_id, was, self.state, now),)

    def resume(self) -> None:
        """End this market's halt. One that failed earns its book's trust anew."""
        self.halted = None
        if self.broken:
            self.broken = False
            self.book = Book(self.listing.market_id)

    def retick(self, tick: Price) -> None:
        self.listing = replace(self.listing, tick=tick)

    def open_bids_cost(self) -> Usdc:
        """What buys may still cost: open ones, UNKNOWN ones in full, fills told of but not yet seen."""
        return self.at_stake()[0]

    def at_risk(self) -> Usdc:
        """What can still be lost here at most, every own order filled: no fill of a bid loses more than it costs.

        Counted from what is realized already: an old gain hides no new risk, and an old loss is none.
        """
        return self.at_stake()[1]

    def at_stake(self) -> tuple[Usdc, Usdc, Usdc]:
        """``open_bids_cost``, ``at_risk`` and the cash that bids and unsure sales bind, reckoned when something they
        rest on has changed: every order of any market asks them of all markets."""
        orders, pair = self.orders, self.pair
        rests_on = (orders, orders.changes, pair, pair.changes, self.listing.fees)
        if rests_on != self._stake_of:
            bids = self._bids_cost()
            held = pair.at_risk_offering(orders.offered(Outcome.YES), orders.offered(Outcome.NO))
            self._stake = (bids, Usdc(held + bids), Usdc(bids + pair.unsure_receipts))
            self._stake_of = rests_on
        return self._stake

    def _bids_cost(self) -> Usdc:
        return Usdc(
            sum(
                cost_up(order.place.price, order.at_stake) + self.fee_of(order.place, order.at_stake)
                for order in self.orders.at_stake()
                if order.place.side is Side.BUY
            )
        )

    def fee_of(self, place: Place, size: Shares) -> Usdc:
        """The most the venue may charge for ``size`` shares of an order: nothing when it rests. A buy below its
        limit may pay a higher fee but never more in all. 0 where the fee is unknown: no order leaves there."""
        fees = self.listing.fees
        if place.kind is OrderKind.QUOTE or fees is None:
            return Usdc(0)
        return fee_estimate(fees, place.price, size)

    def ahead(self, outcome: Outcome) -> tuple[Shares, Usdc]:
        """By how much ``outcome`` leads if its own open bids fill and every unconfirmed fill settles so that the
        lead is the larger, and what that lead costs."""
        held, other = self.pair.most_held(outcome), self.pair.confirmed(outcome.other)
        lead, kept = max(0, held - other), self.pair.held(outcome)
        lead_cost = -(-self.pair.cost(outcome) * min(lead, kept) // kept) if lead and kept > 0 else 0
        bids = [
            order
            for order in self.orders.at_stake()
            if order.place.side is Side.BUY and order.place.outcome is outcome
        ]
        bid_shares = sum(order.at_stake for order in bids)
        bid_cost = sum(
            cost_up(order.place.price, order.at_stake) + self.fee_of(order.place, order.at_stake)
            for order in bids
        )
        return Shares(held - other + bid_shares), Usdc(lead_cost + bid_cost)

    def surplus(self, outcome: Outcome) -> Shares:
        """By how much ``outcome`` leads for sure: its offers taken, bids for the other filled, and every unconfirmed
        fill settled so that the lead is the smaller. Negative where it is behind."""
        pair, orders, other = self.pair, self.orders, outcome.other
        mine = pair.confirmed(outcome) - orders.offered(outcome)
        return Shares(mine - pair.most_held(other) - orders.open_bid_shares(other))

    def sellable(self, outcome: Outcome) -> Shares:
        """Confirmed shares that no merge has reserved and no open sale offers already."""
        return Shares(max(0, self.pair.sellable(outcome) - self.orders.offered(outcome)))

    def remember_bids(self, now: Ms) -> None:
        """Keep the bids of a trusted book: what is held is valued by them if trust is lost."""
        for outcome in Outcome:
            bid = self.book.top(outcome).bid
            if bid is not None:
                self.trusted_bids[outcome] = (bid, now)

    def told(self, decided: Decided) -> bool:
        """Whether this decision says something new; remembers it. A hold is news once it lasts a second."""
        last = self.last_decision
        if decided.verdict != "hold":
            self._held_since_ms = None
        elif self._held_since_ms is None:
            self._held_since_ms = decided.at_ms
            return False
        elif decided.at_ms - self._held_since_ms < HOLD_TOLD_MS:
            return False
        self.last_decision = decided
        gate: Gate | None = None if last is None else last.gate
        return (
            bool(decided.intents) or last is None or (last.verdict, gate) != (decided.verdict, decided.gate)
        )

    def refused_anew(self, refused: Refused) -> bool:
        """Whether this refusal is news: the same one each second is not, until a minute has passed or the wish
        was granted in between."""
        key = (refused.intent.outcome, refused.intent.side, refused.rule)
        told_ms = self._refused.get(key)
        if told_ms is not None and refused.at_ms - told_ms < REFUSAL_TOLD_MS:
            return False
        self._refused[key] = refused.at_ms
        return True

    def granted(self, approved: Approved) -> None:
        """A refusal of the same wish is news again."""
        place = approved.intent
        self._refused = {
            key: at for key, at in self._refused.items() if key[:2] != (place.outcome, place.side)
        }

    def rejected(self, outcome: Outcome, now: Ms) -> None:
        self._rejected_ms[outcome] = now

    def was_rejected(self, outcome: Outcome, now: Ms) -> bool:
        """The venue said no to an order for this outcome a moment ago: asking again at once gets the same."""
        return outcome in self._rejected_ms and now - self._rejected_ms[outcome] < REJECTED_REST_MS

    @property
    def is_done(self) -> bool:
        """Resolved; holds nothing and waits for nothing."""
        pair = self.pair
        waits = self.orders.at_stake() or pair.reserved or pair.provisional
        return self.payout is not None and not (waits or pair.held(Outcome.YES) or pair.held(Outcome.NO))

    @property
    def mid(self) -> Price | None:
        bid, ask = self.book.best_bid, self.book.best_ask
        if bid is None or ask is None:
            return None
        return Price((bid + ask) // 2)

    @property
    def resolved_worth(self) -> Usdc | None:
        """What the shares held pay after resolution, until they are redeemed."""
        if self.payout is None:
            return None
        yes, no = self.pair.held(Outcome.YES), self.pair.held(Outcome.NO)
        return Usdc((yes * self.payout + no * (ONE - self.payout)) // ONE)


def news(before: MatchSignal, signal: MatchSignal) -> bool:
    """Whether a source says something it has not said: feeds repeat where a match stands every few seconds."""
    if signal.kind in TURNS and before.kind is not signal.kind:
        return True
    return facts(before) != facts(signal)


def facts(signal: MatchSignal) -> tuple[object, ...]:
    return (signal.map_number, signal.maps, signal.score, signal.lead)


def exposed_since(entries: Iterable[Entry], dust: Shares) -> Ms | None:
    """Since when the same leg has been ahead by at least ``dust``; ``None`` when none is."""
    ahead, since, lead = 0, None, 0
    for entry in entries:
        lead += entry.shares if entry.outcome is Outcome.YES else -entry.shares
        now_ahead = 0 if abs(lead) < dust else 1 if lead > 0 else -1
        if now_ahead != ahead:
            ahead, since = now_ahead, entry.at_ms if now_ahead else None
    return since
