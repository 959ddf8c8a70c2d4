"""The whole simulated world: an exchange, the matches that are on, and everybody who trades.

Synchronous and without a clock: ``step`` is told what time it is and returns what was said until then.
Time moves in steps of a tenth of a second whatever the speed, so the same seed and start say the same.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

from core.ids import MarketId, Outcome, TokenId
from core.units import Ms, Prob
from simulator import gamma, wire
from simulator.announcer import Announcer, Frame
from simulator.evening import STAGES, Evening
from simulator.exchange.venue import Exchange
from simulator.sheets import Sheet
from simulator.stage import Opened, Settled, Stage

STEP_MS: Final = 100
WARM_UP_MS: Final = 15_000  # of trading before anybody may look, so that the books are full
CLOSED_EVENTS_KEPT: Final = 50
CLOSED_SHEETS_KEPT: Final = 200  # besides those in which a wallet had something


@dataclass(frozen=True, slots=True)
class Event:
    """One event as Gamma lists it. ``number`` orders them for paging."""

    number: int
    tags: frozenset[str]
    closed: bool
    described: dict[str, object]


@dataclass(frozen=True, slots=True)
class Said:
    """What was said in a call of ``step``, each in the order of time."""

    frames: tuple[Frame, ...]
    matches: tuple[wire.MatchMessage, ...]


class World:
    def __init__(
        self, seed: int, start_ms: Ms, *, changes_per_frame: int = 2, stages: int = len(STAGES)
    ) -> None:
        """Begin at ``start_ms``, mid-match. Costs about a second for five stages: matches are played ahead."""
        self.now_ms = Ms(start_ms - WARM_UP_MS)
        self._seed = seed
        self.exchange = Exchange(seed)
        self._announcer = Announcer(self.exchange, changes_per_frame)
        self._evening = Evening(seed, self.now_ms, stages=stages)
        self._stages: list[Stage] = []
        self._tokens: dict[TokenId, tuple[MarketId, Outcome]] = {}
        self._sheets: dict[MarketId, Sheet] = {}
        self._sheet_tokens: dict[TokenId, tuple[Sheet, Outcome]] = {}
        self._closed_sheets: dict[MarketId, Sheet] = {}
        self._closed: deque[Event] = deque(maxlen=CLOSED_EVENTS_KEPT)
        self.step(start_ms)

    def step(self, now_ms: Ms) -> Said:
        """Let the world run in whole steps until ``now_ms``."""
        frames: list[Frame] = []
        matches: list[wire.MatchMessage] = []
        while self.now_ms + STEP_MS <= now_ms:
            self.now_ms = Ms(self.now_ms + STEP_MS)
            self._step(frames, matches)
        return Said(tuple(frames), tuple(matches))

    def _step(self, frames: list[Frame], matches: list[wire.MatchMessage]) -> None:
        now_ms = self.now_ms
        for booking in self._evening.opened(now_ms):
            self._stages.append(Stage(self._seed, booking, self.exchange))
        notices = [notice for stage in self._stages for notice in stage.step(now_ms)]
        self.exchange.step(now_ms)
        for stage in self._stages:
            for trader in stage.traders():
                if trader.next_ms <= now_ms:
                    trader.act(now_ms)
        frames += [self._announce_opened(notice.sheet) for notice in notices if isinstance(notice, Opened)]
        frames += self._announcer.frames(self.exchange.drain(), now_ms)
        frames += [self._announce_settled(notice) for notice in notices if isinstance(notice, Settled)]
        matches += [notice for notice in notices if isinstance(notice, wire.MatchMessage)]
        self._forget_done()

    def snapshots(self, tokens: list[TokenId]) -> list[wire.Book]:
        """The books of those tokens that are known, for a new subscriber."""
        known = [self._tokens[token] for token in tokens if token in self._tokens]
        return [self._announcer.snapshot(market_id, outcome) for market_id, outcome in known]

    def rest_book(self, token: TokenId) -> wire.RestBook | None:
        place = self._tokens.get(token)
        return None if place is None else self._announcer.rest_book(*place)

    def match_words(self) -> list[wire.MatchMessage]:
        """Where every running match stands."""
        return [word for stage in self._stages for word in stage.words(self.now_ms)]

    def events(self) -> list[Event]:
        """Open events and the last closed ones, in the order of their numbers."""
        running = [self._event(stage) for stage in self._stages]
        return sorted((*self._closed, *running), key=lambda event: event.number)

    def open_sheets(self) -> list[Sheet]:
        """The markets that can be traded now."""
        return [
            market.sheet for stage in self._stages for market in stage.markets.values() if not market.resolved
        ]

    @property
    def closed_sheets(self) -> list[Sheet]:
        """Resolved markets that are still known, earliest resolved first."""
        return list(self._closed_sheets.values())

    def sheet(self, market_id: MarketId) -> Sheet | None:
        """A market that is open, or resolved and still known."""
        return self._sheets.get(market_id)

    def sheet_of_token(self, token: TokenId) -> tuple[Sheet, Outcome] | None:
        """The same by one of its tokens."""
        return self._sheet_tokens.get(token)

    def void(self, market_id: MarketId) -> None:
        """Let an open market resolve at half with the next step."""
        for stage in self._stages:
            stage.void(market_id, self.now_ms)

    def shock(self, market_id: MarketId, chance: Prob) -> bool:
        """From now on everybody believes YES of an open market as likely as ``chance``, until the match says otherwise.

        False for a market that is not open. For provers: a price that turns against whoever holds the other side.
        """
        return any(stage.shock(market_id, chance, self.now_ms) for stage in self._stages)

    def pull(self, market_id: MarketId) -> bool:
        """Let the house withdraw all its orders in an open market; its makers are back within seconds.

        False for a market that is not open. For provers: a price that is gone for a moment and means nothing.
        """
        listing = self.exchange.listings.get(market_id)
        if listing is None:
            return False
        for order in (*listing.book.bids.orders(), *listing.book.asks.orders()):
            if not order.owner.wallet:
                self.exchange.cancel(order)
        return True

    def _keep_closed(self, sheet: Sheet) -> None:
        """Remember a resolved market, for ever where a wallet had something; forget the oldest of the others."""
        self._closed_sheets[sheet.terms.market_id] = sheet
        untraded = [known for known in self._closed_sheets if not self.exchange.concerns_wallets(known)]
        for market_id in untraded[:-CLOSED_SHEETS_KEPT]:
            forgotten = self._closed_sheets.pop(market_id)
            del self._sheets[market_id]
            for outcome in Outcome:
                del self._sheet_tokens[forgotten.token(outcome)]

    def _announce_opened(self, sheet: Sheet) -> Frame:
        self._sheets[sheet.terms.market_id] = sheet
        for outcome in Outcome:
            self._tokens[sheet.token(outcome)] = (sheet.terms.market_id, outcome)
            self._sheet_tokens[sheet.token(outcome)] = (sheet, outcome)
        return self._announcer.listed(sheet, self.now_ms)

    def _announce_settled(self, notice: Settled) -> Frame:
        for outcome in Outcome:
            del self._tokens[notice.sheet.token(outcome)]
        self._keep_closed(notice.sheet)
        return self._announcer.resolved(notice.sheet, notice.payout_yes, self.now_ms)

    def _event(self, stage: Stage) -> Event:
        booking = stage.booking
        described = gamma.event_json(booking, stage.states(), stage.moment, self.now_ms)
        return Event(booking.number, gamma.tag_ids(booking.game), bool(described["closed"]), described)

    def _forget_done(self) -> None:
        """Keep nothing of a match whose markets are all resolved but its entry in the list of events."""
        for stage in [stage for stage in self._stages if stage.done]:
            self._stages.remove(stage)
            self._closed.append(self._event(stage))
