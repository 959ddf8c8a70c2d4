"""When an order of ours in one market would have traded. The model's assumptions, one per line:

1. Our orders are small: nobody acts differently because of them, and they are not in the displayed book.
2. The displayed book and the prints are what we heard, when we heard it.
3. A resting order joins behind all size displayed at its price; size that joins later stands behind it.
4. Size ahead never grows: it is at most what has been displayed since, and prints at our price eat it.
5. A print and the change it caused come in either order: within ``SAME_TRADE_MS`` they are one trade.
6. A print at a price worse than ours would have met us first: it fills us, whatever stood ahead.
7. One print fills all our orders together by at most its size, best price first, then first come.
8. A quote of the other side at or through our price fills us at our price, at most by the size displayed.
9. Displayed size that filled us is gone for us until a print at that level is followed by a new size there.
10. A level that crosses the displayed other side is a torn view: it fills nobody.
11. Two orders of ours never trade with each other: the second is refused.

The other token's prints are mirrored; everything here is in YES terms. The shape is hftbacktest's queue model:
an order is put in, trades and depth move it forward, and it says when it is filled.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final, NamedTuple

from core.book import Book
from core.events import BookChanged, BookSnapshot, Evidence, MarketListed, Origin, RejectCode, TradePrinted
from core.fees import fee, fee_estimate
from core.ids import OrderId, Outcome, Side
from core.intents import OrderKind, Place
from core.orders import in_yes_terms
from core.units import ONE, SHARE_STEP, USDC, Ms, Price, Shares, Usdc, cost, cost_up, text

SAME_TRADE_MS: Final = Ms(1_000)
DEPTH: Final = 10_000  # no book has more levels than there are prices
MARKETABLE_MIN: Final = USDC  # the venue's smallest marketable order (polymarket.md 3.5)


class Stage(StrEnum):
    FLYING = "flying"  # the venue does not have it yet; nothing is locked for it
    DELAYED = "delayed"
    RESTING = "resting"


class PaperOrder:
    """One order at the paper venue. ``ahead`` and ``shown_least`` bound the size in front of it.

    Units:
        ahead:   displayed size when it joined, less the prints at its price since.
        shown:   size displayed at its price when last looked at; ``shown_least`` the least of these.
        dropped: of what ``shown`` fell lately, the part no print has explained.
        printed: of what was printed lately, the part ``shown`` has not fallen by.
    """

    __slots__ = (
        "ahead",
        "dropped",
        "dropped_ms",
        "filled",
        "fills",
        "is_bid",
        "order_id",
        "place",
        "printed",
        "printed_ms",
        "shown",
        "shown_least",
        "stage",
        "yes_price",
    )

    def __init__(self, place: Place, order_id: OrderId) -> None:
        self.place = place
        self.order_id = order_id
        self.stage = Stage.FLYING
        self.is_bid, self.yes_price = in_yes_terms(place)
        self.filled = Shares(0)
        self.fills = 0
        self.ahead = 0
        self.shown = 0
        self.shown_least = 0
        self.dropped = 0
        self.dropped_ms = Ms(0)
        self.printed = 0
        self.printed_ms = Ms(0)

    @property
    def remaining(self) -> Shares:
        return Shares(self.place.shares - self.filled)

    @property
    def queue(self) -> Shares:
        """Size still in front of it, at most."""
        return Shares(min(self.ahead, self.shown_least))

    def join(self, displayed: Shares) -> None:
        self.stage = Stage.RESTING
        self.ahead = self.shown = self.shown_least = displayed

    def see(self, displayed: Shares, now_ms: Ms) -> None:
        """Take note of the size displayed at its price."""
        fell = self.shown - displayed
        self.shown = displayed
        if fell <= 0:
            return
        self._expire(now_ms)
        self.shown_least = min(self.shown_least, displayed)
        explained = min(fell, self.printed)
        self.printed -= explained
        self.dropped += fell - explained
        self.dropped_ms = now_ms

    def meet(self, volume: int, now_ms: Ms) -> int:
        """Let ``volume`` trade at its price and return how much of it reached the order."""
        self._expire(now_ms)
        explained = min(volume, self.dropped)
        in_front = min(self.ahead, self.shown_least + explained)
        self.dropped -= explained
        self.printed += volume - explained
        self.printed_ms = now_ms
        self.ahead = 0 if volume >= in_front else self.ahead - volume
        return max(0, volume - in_front)

    def _expire(self, now_ms: Ms) -> None:
        if now_ms - self.dropped_ms > SAME_TRADE_MS:
            self.dropped = 0
        if now_ms - self.printed_ms > SAME_TRADE_MS:
            self.printed = 0


class Match(NamedTuple):
    """``shares`` of ``order`` traded at ``yes_price``; ``order.filled`` counts them already."""

    order: PaperOrder
    shares: Shares
    yes_price: Price
    evidence: Evidence


class Refusal(NamedTuple):
    code: RejectCode
    detail: str


class LevelKey(NamedTuple):
    is_bid: bool
    yes_price: Price


class PaperMarket:
    """One market as the paper venue sees it: the displayed book, and our orders that rest beside it."""

    __slots__ = ("_printed", "_taken", "blind", "book", "listing", "payout", "resting")

    def __init__(self, listing: MarketListed) -> None:
        self.listing = listing
        self.book = Book(listing.market_id)
        self.blind = True  # no snapshot since the feed opened
        self.payout: Price | None = None
        self.resting: list[PaperOrder] = []
        self._taken: dict[LevelKey, int] = {}
        self._printed: dict[LevelKey, Shares] = {}

    def refusal(self, order: PaperOrder) -> Refusal | None:
        """Why this market does not take ``order`` now; money and shares are not looked at."""
        place, listing = order.place, self.listing
        if self.payout is not None:
            return Refusal(RejectCode.UNTRADABLE, "the market is resolved")
        if self.blind or listing.fees is None:
            return Refusal(RejectCode.UNTRADABLE, "the book cannot be seen, or the fee is unknown")
        if place.price % listing.tick or not listing.tick <= place.price <= ONE - listing.tick:
            return Refusal(RejectCode.OFF_TICK, f"{text(place.price, 4)} breaks {text(listing.tick, 4)}")
        if place.shares < listing.min_size or place.shares % SHARE_STEP:
            detail = f"{text(place.shares, 6)} shares, minimum {text(listing.min_size, 6)} in steps of 0.01"
            return Refusal(RejectCode.BELOW_MINIMUM, detail)
        if place.kind is OrderKind.TAKE and cost(place.price, place.shares) < MARKETABLE_MIN:
            return Refusal(RejectCode.BELOW_MINIMUM, "a marketable order is worth 1 USDC at least")
        if place.kind is OrderKind.QUOTE and self.reaches(order):
            return Refusal(RejectCode.POST_ONLY_WOULD_CROSS, "order crosses the book")
        own = self.meets_own(order)
        if own is not None:
            return Refusal(RejectCode.OTHER, f"would trade with our own {own.place.key}")
        return None

    def reaches(self, order: PaperOrder) -> bool:
        """The order's limit meets or crosses the other side's displayed best, torn or not."""
        if order.is_bid:
            ask = self.book.best_ask
            return ask is not None and order.yes_price >= ask
        bid = self.book.best_bid
        return bid is not None and order.yes_price <= bid

    def meets_own(self, order: PaperOrder) -> PaperOrder | None:
        """The first resting order of ours that ``order`` could trade with."""
        for other in self.resting:
            if other.is_bid == order.is_bid:
                continue
            bid, ask = (order, other) if order.is_bid else (other, order)
            if bid.yes_price >= ask.yes_price:
                return other
        return None

    def cost_left(self, order: PaperOrder) -> Usdc:
        """The most the rest of a buy can cost, a taker's fee in."""
        place, schedule = order.place, self.listing.fees
        price = cost_up(place.price, place.shares) - cost_up(place.price, order.filled)
        if place.kind is OrderKind.QUOTE or schedule is None:
            return Usdc(price)
        return Usdc(price + fee_estimate(schedule, place.price, order.remaining))

    def taker_fee(self, price: Price, shares: Shares) -> Usdc:
        schedule = self.listing.fees
        assert schedule is not None, "orders are refused where the fee is unknown"
        return fee(schedule, price, shares)

    def join(self, order: PaperOrder) -> None:
        order.join(self.book.size_at(order.is_bid, order.yes_price))
        self.resting.append(order)

    def leave(self, order: PaperOrder) -> None:
        self.resting = [other for other in self.resting if other is not order]

    def changed(self, event: BookSnapshot | BookChanged, now_ms: Ms) -> list[Match]:
        """Apply one message; after a whole frame, say which resting orders the new quotes fill."""
        if isinstance(event, BookSnapshot):
            if event.origin is Origin.CHANNEL:
                self.blind = False
            elif self.blind:
                return []
            event = event._replace(origin=Origin.CHANNEL)  # an answer to be believed, not to be judged
        self.book.apply(event)
        if self.blind or not event.ends_frame:
            return []
        if self._printed:
            self._give_back()
        if not self.resting:
            return []
        for order in self.resting:
            order.see(self.book.size_at(order.is_bid, order.yes_price), now_ms)
        matches = [self._absorb(order) for order in self._by_priority() if self.reaches(order)]
        return [match for match in matches if match.shares]

    def printed(self, trade: TradePrinted, now_ms: Ms) -> list[Match]:
        """Say which resting orders a trade of others would have filled."""
        hit_bids = (trade.side is Side.SELL) is (trade.outcome is Outcome.YES)
        price = trade.price if trade.outcome is Outcome.YES else Price(ONE - trade.price)
        level = LevelKey(hit_bids, price)
        if level in self._taken:
            self._printed[level] = self.book.size_at(hit_bids, price)
        left = int(trade.size)
        matches = []
        for order in self._by_priority():
            if order.is_bid != hit_bids or not left:
                continue
            if order.yes_price == price:
                reached = order.meet(left, now_ms)
            elif (order.yes_price > price) is hit_bids:
                reached = left
            else:
                continue
            shares = Shares(min(reached, order.remaining))
            if shares:
                order.filled = Shares(order.filled + shares)
                left -= shares
                matches.append(Match(order, shares, order.yes_price, Evidence.QUEUE))
        return matches

    def offers(self, order: PaperOrder) -> Iterator[tuple[Price, Shares]]:
        """What the order meets within its limit, best first: YES prices and sizes we have not taken yet."""
        book = self.book
        if order.is_bid:
            floor = book.best_bid or 0
            levels = ((p, s) for p, s in book.asks(DEPTH) if floor < p <= order.yes_price)
        else:
            ceiling = book.best_ask or ONE
            levels = ((p, s) for p, s in book.bids(DEPTH) if order.yes_price <= p < ceiling)
        for price, size in levels:
            left = size - self._taken.get(LevelKey(not order.is_bid, price), 0)
            if left > 0:
                yield price, Shares(left)

    def take(self, order: PaperOrder, price: Price, shares: Shares) -> Match:
        """Let ``order`` have displayed size at ``price``, as a taker."""
        self._use(order, price, shares)
        return Match(order, shares, price, Evidence.SWEPT)

    def _absorb(self, order: PaperOrder) -> Match:
        """What the displayed quotes that cross a resting order sell or buy it, all at its own price."""
        before = order.filled
        for price, size in self.offers(order):
            self._use(order, price, min(size, order.remaining))
        return Match(order, Shares(order.filled - before), order.yes_price, Evidence.CROSSED)

    def _use(self, order: PaperOrder, price: Price, shares: Shares) -> None:
        level = LevelKey(not order.is_bid, price)
        self._taken[level] = self._taken.get(level, 0) + shares
        self._printed.pop(level, None)
        order.filled = Shares(order.filled + shares)

    def _give_back(self) -> None:
        """Where others traded after us and the size has changed since, what is displayed is new."""
        for level, displayed in list(self._printed.items()):
            if self.book.size_at(level.is_bid, level.yes_price) != displayed:
                del self._printed[level], self._taken[level]

    def _by_priority(self) -> list[PaperOrder]:
        """Our resting orders: bids before asks, best price first, then first come."""
        return sorted(
            self.resting,
            key=lambda order: (not order.is_bid, -order.yes_price if order.is_bid else order.yes_price),
        )
