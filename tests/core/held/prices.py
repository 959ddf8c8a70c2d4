"""What the auditor knows of prices: both tokens' last tops, how far the mid moved, what is held is worth.

It never guesses: a price it is not sure of is ``None``, and nothing is asked of the judge for it.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from core import events as ev
from core.ids import MarketId, Outcome, Side
from tests.core.held.books import NO, ONE, YES, MarketBooks, taker_fee

FRESH_MS: Final = 9_000  # a book is asked for once it was silent for 10 s
RANGE_MS: Final = 300_000
SKEW_SURE_MS: Final = 60_000  # a change this recent counts, by any reading
SKEW_MAX_MS: Final = 120_000  # an older one does not
DAY_MS: Final = 86_400_000


@dataclass
class Prices:
    """One market's."""

    tops: dict[Outcome, ev.Top | None] = field(default_factory=lambda: {YES: None, NO: None})
    heard_ms: int = 0
    is_fed: bool = True
    is_synced: bool = False  # a whole book was told since the feed opened
    mids: deque[tuple[int, int]] = field(default_factory=deque)  # (since when, twice the mid)

    def hear(self, event: ev.BookEvent) -> None:
        if isinstance(event, ev.BookSnapshot):
            self.tops[event.outcome], self.is_synced = event.top, True
        elif isinstance(event, ev.BookChanged):
            for outcome, top in ((YES, event.yes_top), (NO, event.no_top)):
                if top is not None:
                    self.tops[outcome] = top
        else:
            return
        self.heard_ms = event.heard_ms
        if event.ends_frame and self.is_trusted:
            yes = self.tops[YES]
            assert yes is not None
            assert yes.bid is not None
            assert yes.ask is not None
            self.mids.append((event.heard_ms, yes.bid + yes.ask))

    def lose(self) -> None:
        self.is_fed, self.is_synced, self.tops = False, False, {YES: None, NO: None}

    @property
    def is_trusted(self) -> bool:
        return self.is_fed and self.is_synced and self.is_whole

    @property
    def is_whole(self) -> bool:
        """Both tokens tell one story."""
        yes, no = self.tops[YES], self.tops[NO]
        if yes is None or no is None or yes.bid is None or yes.ask is None:
            return False
        return (no.bid, no.ask) == (ONE - yes.ask, ONE - yes.bid) and yes.bid <= yes.ask

    def met(self, outcome: Outcome, side: Side) -> int | None:
        """The price an order would meet."""
        top = self.tops[outcome]
        return None if top is None else top.ask if side is Side.BUY else top.bid

    def sold_at(self, outcome: Outcome, now: int) -> int | None:
        """The bid, where the book is surely trusted now."""
        sure = self.is_trusted and now - self.heard_ms <= FRESH_MS
        return self.met(outcome, Side.SELL) if sure else None

    def range2(self, now: int) -> int | None:
        """Twice the range of the mids in effect within the last five minutes; ``None``: none was ever seen."""
        while len(self.mids) > 1 and self.mids[1][0] <= now - RANGE_MS:
            self.mids.popleft()
        mids = [mid2 for _, mid2 in self.mids]
        return max(mids) - min(mids) if mids else None


def kept_quarters(range2: int | None, calm: int) -> int:
    """How many quarters of its size an opening order keeps (trading.md 12: 0.25 to 1.0)."""
    if range2 is None:
        return 1
    return max(1, *(quarters for quarters in (1, 2, 3, 4) if quarters * range2 <= 8 * calm), 1)


@dataclass
class Worth:
    """The account's day: what it was worth at its first valuation, and what is lost since as far as that is sure."""

    began_day: int | None = None
    began: int | None = None
    lost: int | None = None

    def value(self, cash: int, markets: dict[MarketId, tuple[MarketBooks, Prices]], now: int) -> None:
        equity: int | None = cash
        for books, prices in markets.values():
            worth = _worth(books, prices, now)
            equity = None if equity is None or worth is None else equity + worth
        if self.began_day is None or self.began_day < now // DAY_MS:
            self.began_day, self.began = now // DAY_MS, equity
        self.lost = None if equity is None or self.began is None else self.began - equity


def _worth(books: MarketBooks, prices: Prices, now: int) -> int | None:
    """Pairs at 1, the surplus at the bid net of the fee; unsure fills count as landed, as the cash has them."""
    held = books.landed()
    pairs, lead = min(held.values()), held[YES] - held[NO]
    if books.payout is not None:
        return (held[YES] * books.payout + held[NO] * (ONE - books.payout)) // ONE
    if not lead:
        return pairs
    bid = prices.sold_at(YES if lead > 0 else NO, now)
    if bid is None:
        return None
    return pairs + abs(lead) * bid // ONE - taker_fee(books.listing.fees, abs(lead), bid)


@dataclass
class Skew:
    """How long price changes took from the venue's stamp to us."""

    took: deque[tuple[int, int]] = field(default_factory=deque)

    def hear(self, event: ev.BookChanged) -> None:
        self.took.append((event.heard_ms, event.heard_ms - event.said_ms))

    def surely_off(self, limit: int, now: int) -> bool:
        """By any reading of "lately": the fastest within two minutes was too slow, or one within one came too soon."""
        within = [took for at, took in self.took if at > now - SKEW_MAX_MS]
        lately = [took for at, took in self.took if at > now - SKEW_SURE_MS]
        if not lately:
            return False
        return min(within) > limit or min(lately) < -limit
