"""One market's mirrored book: both tokens' messages in one book, in YES terms. Read ``core.trust`` first.

A level at p for YES is the same resting size as a level at 1 - p for NO (polymarket.md 3.11), so the messages of
both tokens are applied to one book; a message older by the venue's timestamp than the newest applied is not.
What each token last said its own best prices are (its *raw top*) is kept beside the book, old messages included:
the two raw tops and the book's own top must tell the same story, or nothing may be traded on it.
"""

from core.events import BookChanged, BookSnapshot, Origin, Top
from core.ids import MarketId, Outcome
from core.levels import Levels, Sweep
from core.trust import (
    ANSWER_WITHIN_MS,
    NEXT,
    SILENT_AFTER_MS,
    TORN_AFTER_MS,
    BookNote,
    Happening,
    PhantomEnded,
    ResyncWanted,
    Trust,
    TrustChanged,
)
from core.units import ONE, Ms, Price

__all__ = ["Book", "BookNote", "PhantomEnded", "ResyncWanted", "Sweep", "Trust", "TrustChanged"]


class Book(Levels):
    """The mirrored book of one market, and how far it may be believed.

    Feed it every book event with ``apply`` and call ``judge_frame`` after the last of a websocket frame, ``tick``
    once a second, and the ``feed_*`` methods as they happen. All times are the caller's clock. Trust needs a
    snapshot and a raw top of both tokens that mirror each other and equal our own top.

    The answer of ``GET /book`` (origin REST) never moves a raw top. Equal to ours: the age restarts, and a book
    that was only silent is TRUSTED again. Different and not older: taken over, and the book stays STALE until the
    channel has spoken and agrees. Different and older: no answer at all (the venue serves old copies).
    """

    __slots__ = (
        "_asked_ms",
        "_calm",
        "_channel_owes",
        "_clock_ms",
        "_listening_since_ms",
        "_lost",
        "_no_heard_ms",
        "_notes",
        "_outstanding_ms",
        "_synced",
        "_wrong_since_ms",
        "_yes_heard_ms",
        "heard_ms",
        "market_id",
        "phantom_lowest",
        "phantom_since_ms",
        "phantoms",
        "raw_no",
        "raw_yes",
        "said_ms",
        "trust",
        "trust_ms",
        "trust_since_ms",
    )

    def __init__(self, market_id: MarketId) -> None:
        super().__init__()
        self.market_id = market_id
        self.trust = Trust.SYNCING
        self.trust_since_ms: Ms | None = None
        self.trust_ms: dict[Trust, int] = dict.fromkeys(Trust, 0)
        self.heard_ms: Ms | None = None
        self.said_ms: Ms | None = None
        self.raw_yes: Top | None = None
        self.raw_no: Top | None = None
        self.phantoms = 0
        self.phantom_since_ms: Ms | None = None
        self.phantom_lowest: Price | None = None
        self._yes_heard_ms: Ms | None = None
        self._no_heard_ms: Ms | None = None
        self._synced = False
        self._channel_owes = False
        self._lost = False
        self._listening_since_ms: Ms | None = None
        self._wrong_since_ms: Ms | None = None
        # Judged to be in order, and neither trust nor a top has moved since: there is nothing to judge.
        self._calm = False
        self._asked_ms: Ms | None = None
        self._outstanding_ms: Ms | None = None
        self._clock_ms: Ms | None = None
        self._notes: list[BookNote] = []

    def apply(self, event: BookChanged | BookSnapshot) -> None:
        """Take one message in. What it says about trust is known after ``judge_frame``."""
        if isinstance(event, BookSnapshot):
            if event.origin is Origin.CHANNEL:
                self._apply_snapshot(event)
            else:
                self._apply_answer(event)
            return
        _, said_ms, heard_ms, levels, yes_top, no_top, _, unstated = event
        if yes_top is not None:
            self._yes_heard_ms = heard_ms
            if yes_top is not self.raw_yes:
                self.raw_yes = yes_top
                self._calm = False
        if no_top is not None:
            self._no_heard_ms = heard_ms
            if no_top is not self.raw_no:
                self.raw_no = no_top
                self._calm = False
        if unstated:
            self._forget_tops(unstated)
        self.heard_ms = heard_ms
        self._channel_owes = False
        if levels and (self.said_ms is None or said_ms >= self.said_ms):
            self.said_ms = said_ms
            if self._set_levels(levels):
                self._calm = False

    def _forget_tops(self, outcomes: tuple[Outcome, ...]) -> None:
        self._calm = False
        for outcome in outcomes:
            if outcome is Outcome.YES:
                self.raw_yes = None
            else:
                self.raw_no = None

    def _apply_snapshot(self, event: BookSnapshot) -> None:
        self._calm = False
        if event.outcome is Outcome.YES:
            self.raw_yes = event.top
            self._yes_heard_ms = event.heard_ms
        else:
            self.raw_no = event.top
            self._no_heard_ms = event.heard_ms
        self.heard_ms = event.heard_ms
        self._channel_owes = False
        if self.said_ms is None or event.said_ms >= self.said_ms:
            self._replace(event)

    def _apply_answer(self, event: BookSnapshot) -> None:
        if self._lost:
            return
        if dict(event.bids) == self._bids and dict(event.asks) == self._asks and self._synced:
            self.heard_ms = self._yes_heard_ms = self._no_heard_ms = event.heard_ms
            self._outstanding_ms = None
            if self.mirror_holds():
                self._happened(Happening.CONFIRMED, event.heard_ms, "the venue's book equals ours")
        elif self.said_ms is None or event.said_ms >= self.said_ms:
            self.heard_ms = event.heard_ms
            self._outstanding_ms = None
            self._channel_owes = True
            self._replace(event)
            self._happened(Happening.DIFFERS, event.heard_ms, "the venue's book differs from ours")

    def _replace(self, event: BookSnapshot) -> None:
        self._calm = False
        self.said_ms = event.said_ms
        self._synced = True
        self._set_all(event.bids, event.asks)

    def judge_frame(self, now_ms: Ms) -> tuple[BookNote, ...]:
        """Judge the book after a whole frame. Returns what changed, what was asked for by answers included."""
        if self._calm:
            return ()
        total = self.raw_ask_sum()
        if total is not None and (total < ONE or self.phantom_since_ms is not None):
            self._judge_sum(total, now_ms)
        if not self.mirror_holds():
            self._judge_wrong(now_ms)
        else:
            self._wrong_since_ms = None
            if self.trust is not Trust.TRUSTED and self._synced and not self._channel_owes:
                self._happened(Happening.AGREES, now_ms, "snapshot in and both tops agree")
            self._calm = self.trust is Trust.TRUSTED
        return self._take_notes() if self._notes else ()

    def _judge_sum(self, total: Price, now_ms: Ms) -> None:
        if total < ONE:
            if self.phantom_since_ms is None or self.phantom_lowest is None:
                self.phantoms += 1
                self.phantom_since_ms = now_ms
                self.phantom_lowest = total
            else:
                self.phantom_lowest = min(self.phantom_lowest, total)
        else:
            self._end_phantom(now_ms)

    def _end_phantom(self, now_ms: Ms) -> None:
        if self.phantom_since_ms is not None and self.phantom_lowest is not None:
            ended = PhantomEnded(self.market_id, self.phantom_since_ms, now_ms, self.phantom_lowest)
            self._notes.append(ended)
        self.phantom_since_ms = self.phantom_lowest = None

    def _judge_wrong(self, now_ms: Ms) -> None:
        if self._wrong_since_ms is None:
            self._wrong_since_ms = now_ms
        elif now_ms - self._wrong_since_ms >= TORN_AFTER_MS and self.trust not in (Trust.TORN, Trust.PAUSED):
            self._happened(Happening.TORE, now_ms, "top prices contradict each other")
            self._ask_venue("torn", now_ms)

    def _ask_venue(self, reason: str, now_ms: Ms) -> None:
        self._asked_ms = now_ms
        if self._outstanding_ms is None:
            self._outstanding_ms = now_ms
        self._notes.append(ResyncWanted(self.market_id, reason, now_ms))

    def tick(self, now_ms: Ms) -> tuple[BookNote, ...]:
        """Let time pass: a break that lasts, a silence, an answer that does not come."""
        self._settle(now_ms)
        if self._lost or self.trust is Trust.PAUSED:
            return self._take_notes()
        if self._wrong_since_ms is not None:
            self._judge_wrong(now_ms)
        if self._outstanding_ms is not None:
            if self._heard_since(self._outstanding_ms):
                self._outstanding_ms = None
            elif now_ms - self._outstanding_ms >= ANSWER_WITHIN_MS:
                self._happened(Happening.UNANSWERED, now_ms, "silent, and the venue's book did not come")
        if self._asked_ms is None or now_ms - self._asked_ms >= SILENT_AFTER_MS:
            reason = self._question(now_ms)
            if reason is not None:
                self._ask_venue(reason, now_ms)
        return self._take_notes()

    def _question(self, now_ms: Ms) -> str | None:
        """Why the venue should be asked for this book now."""
        if now_ms - self._quiet_since(now_ms) >= SILENT_AFTER_MS:
            return "silent"
        if self.trust in (Trust.TORN, Trust.STALE):
            return str(self.trust)
        # The two tokens are subscribed one by one; when one of them stops, the other keeps the market alive.
        if self._yes_heard_ms is not None and now_ms - self._yes_heard_ms >= SILENT_AFTER_MS:
            return "yes token silent"
        if self._no_heard_ms is not None and now_ms - self._no_heard_ms >= SILENT_AFTER_MS:
            return "no token silent"
        return None

    def _heard_since(self, at_ms: Ms) -> bool:
        return self.heard_ms is not None and self.heard_ms > at_ms

    def _quiet_since(self, now_ms: Ms) -> Ms:
        """When something was last heard, or listening began: with the first tick, and again with ``feed_back``."""
        if self._listening_since_ms is None:
            self._listening_since_ms = now_ms
        return max(self.heard_ms or self._listening_since_ms, self._listening_since_ms)

    def resync_failed(self, now_ms: Ms, reason: str) -> tuple[BookNote, ...]:
        """``GET /book`` was not answered. A silent book is STALE from now on; a talking one is not touched."""
        if self._outstanding_ms is not None and not self._heard_since(self._outstanding_ms):
            self._happened(Happening.UNANSWERED, now_ms, reason)
        return self._take_notes()

    def feed_lost(self, now_ms: Ms) -> tuple[BookNote, ...]:
        """The stream is gone: the raw tops are unknown from now on, and an open phantom ends here."""
        self._lost = True
        self._synced = False
        self.raw_yes = self.raw_no = self._yes_heard_ms = self._no_heard_ms = None
        self._wrong_since_ms = self._outstanding_ms = None
        self._end_phantom(now_ms)
        self._happened(Happening.LOST, now_ms, "feed lost")
        return self._take_notes()

    def feed_back(self, now_ms: Ms) -> tuple[BookNote, ...]:
        """The stream is open again; whatever the next snapshot says is taken, even if its stamp is older."""
        self._lost = False
        self._synced = False
        self.said_ms = None
        self._listening_since_ms = now_ms
        self._happened(Happening.BACK, now_ms, "feed back, waiting for snapshots")
        return self._take_notes()

    def paused(self, now_ms: Ms, reason: str) -> tuple[BookNote, ...]:
        """The venue takes no orders, or is about to wipe the book. Lasts until ``resumed``."""
        self._happened(Happening.PAUSED, now_ms, reason)
        return self._take_notes()

    def resumed(self, now_ms: Ms) -> tuple[BookNote, ...]:
        """The pause is over: the venue is asked for the book, and trust is earned anew."""
        if self.trust is Trust.PAUSED:
            self._wrong_since_ms = None
            self._happened(Happening.RESUMED, now_ms, "pause over")
            self._ask_venue("pause over", now_ms)
        return self._take_notes()

    def _happened(self, happening: Happening, now_ms: Ms, reason: str) -> None:
        self._settle(now_ms)
        self._calm = False
        was, now = self.trust, NEXT[self.trust][happening]
        if now is not was:
            self.trust = now
            self.trust_since_ms = now_ms
            self._notes.append(TrustChanged(self.market_id, was, now, now_ms, reason))

    def _settle(self, now_ms: Ms) -> None:
        """Book the time since the last look to the present state."""
        if self._clock_ms is None:
            self._clock_ms = now_ms
            self.trust_since_ms = now_ms
        elif now_ms > self._clock_ms:
            self.trust_ms[self.trust] += now_ms - self._clock_ms
            self._clock_ms = now_ms

    def _take_notes(self) -> tuple[BookNote, ...]:
        notes = tuple(self._notes)
        self._notes.clear()
        return notes

    def mirror_holds(self) -> bool | None:
        """Whether both raw tops and our own top tell one story that could be true. ``None``: a raw top is unknown."""
        yes, no = self.raw_yes, self.raw_no
        if yes is None or no is None:
            return None
        bid, ask = yes
        no_bid, no_ask = no
        return (
            (bid or 0) == self._bid == ONE - (no_ask or ONE)
            and (ask or ONE) == self._ask == ONE - (no_bid or 0)
            and self._bid <= self._ask
        )

    def raw_ask_sum(self) -> Price | None:
        """What both tokens' last stated asks add up to; below 1 is a phantom. ``None`` when a side is unknown."""
        yes, no = self.raw_yes, self.raw_no
        if yes is None or no is None:
            return None
        ask, no_ask = yes[1], no[1]
        return None if ask is None or no_ask is None else Price(ask + no_ask)
