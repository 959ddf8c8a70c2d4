"""One match on the exchange: its markets open, its makers watch it, the end of each map resolves one.

The stage walks through what was booked, in the order of time: moments of the match and resolutions that
are due. It may be far behind at first and catches up in one call, which is how a world starts mid-match.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from core.ids import MarketId
from core.units import CERTAIN, ONE, Ms, Price, Prob
from simulator import gamma
from simulator.actors.cast import cast
from simulator.actors.sight import Sight
from simulator.actors.trader import Trader
from simulator.evening import Booking
from simulator.exchange.venue import Exchange
from simulator.matches.series import Moment, Word
from simulator.sheets import Sheet, game_id, sheet
from simulator.wire import MatchMessage

STATE_EVERY_MS: Final = 2_000  # the match feed repeats where a match stands
HALF: Final = Price(ONE // 2)
LEAD_STEP: Final = 500  # gold; a smaller move of the lead is told with the next repeat
RUNNING: Final = (Word.STARTED, Word.SCORE, Word.LEAD, Word.RESUMED)


@dataclass(slots=True, eq=False)
class Market:
    """One market of the match. ``payout_yes`` is known from its map's end on, ``resolved`` later."""

    sheet: Sheet
    sight: Sight
    traders: list[Trader]
    payout_yes: Price | None = None
    resolves_ms: Ms | None = None
    resolved: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    sheet: Sheet


@dataclass(frozen=True, slots=True)
class Settled:
    sheet: Sheet
    payout_yes: Price


Notice = Opened | Settled | MatchMessage


class Stage:
    def __init__(self, seed: int, booking: Booking, exchange: Exchange) -> None:
        self.booking = booking
        self.markets: dict[int | None, Market] = {}
        self._seed, self._exchange = seed, exchange
        self._reached = 0  # moments that have happened
        self._state_ms = booking.starts_ms
        self._told_lead = 0

    @property
    def moment(self) -> Moment | None:
        """The latest moment of the match; ``None`` before it starts."""
        return self.booking.series.moments[self._reached - 1] if self._reached else None

    @property
    def done(self) -> bool:
        """Whether the series and every market of it are over."""
        return bool(self.markets) and all(market.resolved for market in self.markets.values())

    def traders(self) -> Iterator[Trader]:
        for market in self.markets.values():
            yield from market.traders

    def step(self, now_ms: Ms) -> Iterator[Notice]:
        """Let everything happen that is due by ``now_ms``, in the order of time."""
        if not self.markets:
            # Only maps that are sure to be played have a market; the others follow when they are.
            for map_number in (None, *range(1, self.booking.series.best_of // 2 + 2)):
                yield self._open(map_number, self.booking.listed_ms)
        while (due := self._next_due(now_ms)) is not None:
            if isinstance(due, Market):
                yield self._resolve(due)
            else:
                self._reached += 1
                yield from self._live(due, Ms(self.booking.starts_ms + due.at_ms))
        if now_ms >= self._state_ms:
            self._state_ms = Ms(now_ms + STATE_EVERY_MS)
            yield from self.words(now_ms)

    def words(self, now_ms: Ms) -> Iterator[MatchMessage]:
        """Where the running match stands, as the feed says it: nothing before the start and after the end."""
        moment = self.moment
        if moment is None or moment.word is Word.ENDED:
            return
        word = Word.STATE if moment.word in RUNNING else moment.word
        since_ms = now_ms - (self.booking.starts_ms + moment.at_ms) if word is Word.STATE else 0
        yield self._say(moment, word, Ms(moment.clock_ms + since_ms), now_ms)

    def states(self) -> list[gamma.MarketState]:
        """The markets as Gamma lists them, in the order in which they were opened."""
        return [self._state(market) for market in self.markets.values()]

    def void(self, market_id: MarketId, now_ms: Ms) -> None:
        """Let one market resolve at half with the next step, as a cancelled or tied match does (polymarket.md 7)."""
        for market in self.markets.values():
            if market.sheet.terms.market_id == market_id and not market.resolved:
                market.payout_yes, market.resolves_ms = HALF, now_ms

    def shock(self, market_id: MarketId, chance: Prob, now_ms: Ms) -> bool:
        """Let everybody at one open market believe ``chance``. False when it is none of ours."""
        for market in self.markets.values():
            if market.sheet.terms.market_id == market_id and not market.resolved:
                market.sight.see(now_ms, chance)
                return True
        return False

    def _next_due(self, now_ms: Ms) -> Moment | Market | None:
        """The first moment or resolution due by ``now_ms``; at the same time the resolution goes first."""
        first: Moment | Market | None = None
        first_ms = Ms(now_ms + 1)
        if self._reached < len(self.booking.series.moments):
            moment = self.booking.series.moments[self._reached]
            at_ms = Ms(self.booking.starts_ms + moment.at_ms)
            if at_ms < first_ms:
                first, first_ms = moment, Ms(at_ms + 1)
        for market in self.markets.values():
            if market.resolves_ms is not None and not market.resolved and market.resolves_ms < first_ms:
                first, first_ms = market, market.resolves_ms
        return first

    def _live(self, moment: Moment, at_ms: Ms) -> Iterator[Notice]:
        """Let one moment happen: traders may see it, markets start, end and follow."""
        on_map, on_series = self.markets[moment.map_number], self.markets[None]
        if moment.word is Word.STARTED:
            if moment.map_number == 1:
                for market in self.markets.values():
                    if not market.resolved:  # one may be void before the match begins
                        self._exchange.wipe(market.sheet.terms.market_id)
            on_map.sight.live = on_series.sight.live = True
        if moment.word is not Word.ENDED:
            on_map.sight.see(at_ms, moment.map_chance)
            on_series.sight.see(at_ms, moment.series_chance)
        if moment.word is not Word.LEAD or abs(moment.lead - self._told_lead) >= LEAD_STEP:
            self._told_lead = moment.lead
            yield self._say(moment, moment.word, moment.clock_ms, at_ms)
        if moment.winner is not None:
            ended = on_series if moment.word is Word.ENDED else on_map
            if not ended.resolved:
                ended.payout_yes = Price(0) if moment.winner else ONE
                ended.resolves_ms = Ms(at_ms + self.booking.resolves_ms)
            follows = moment.map_number + 1
            if 0 < moment.series_chance < CERTAIN and follows not in self.markets:
                yield self._open(follows, at_ms)

    def _open(self, map_number: int | None, at_ms: Ms) -> Opened:
        booking = self.booking
        described = sheet(self._seed, booking, gamma.event_slug(booking), map_number)
        chance: Prob = booking.series.opening if map_number is None else booking.series.even
        self._exchange.list_market(described.terms)
        sight = Sight(at_ms, chance)
        traders = cast(
            self._exchange, described.terms.market_id, self._seed, described.dice_name, sight, at_ms
        )
        self.markets[map_number] = Market(described, sight, traders)
        return Opened(described)

    def _resolve(self, market: Market) -> Settled:
        assert market.payout_yes is not None, "only a market that is decided resolves"
        self._exchange.resolve(market.sheet.terms.market_id, market.payout_yes)
        for trader in market.traders:
            trader.retire()
        market.traders = []
        market.resolved = True
        return Settled(market.sheet, market.payout_yes)

    def _say(self, moment: Moment, word: Word, clock_ms: Ms, at_ms: Ms) -> MatchMessage:
        booking = self.booking
        return MatchMessage(
            match_id=str(game_id(booking)),
            game=booking.game,
            teams=(booking.teams[0].name, booking.teams[1].name),
            tournament=booking.tournament,
            best_of=booking.series.best_of,
            kind=word,
            map_number=moment.map_number,
            maps=moment.maps,
            score=moment.kills,
            lead=moment.lead,
            clock_ms=clock_ms,
            winner=moment.winner,
            said_ms=at_ms,
        )

    def _state(self, market: Market) -> gamma.MarketState:
        if market.resolved:
            return gamma.MarketState(
                market.sheet, market.payout_yes, market.sheet.terms.tick, None, None, None
            )
        listing = self._exchange.listings[market.sheet.terms.market_id]
        bid, ask = listing.book.bids.best, listing.book.asks.best
        tick: Price = listing.tick
        return gamma.MarketState(market.sheet, None, tick, listing.last_price, bid, ask)
