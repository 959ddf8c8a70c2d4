"""Finds the venue's markets and keeps their terms and ends up to date, from Gamma's list of events.

Rounds follow each other at a fixed pace, and one is made soon when the market channel tells of a new market of ours.
Each round reads every open event. A market that is gone from the list is asked for by its event, so that its
resolution is kept even when the channel's word about it was missed.
"""

import asyncio
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Final

from asgiref.sync import sync_to_async
from django.conf import settings
from redis import RedisError

from core.events import MarketListed
from core.ids import EventId, MarketId
from core.units import Ms
from feeds import selectors, services
from feeds.errors import Unanswered
from feeds.listings import SourceStatus
from feeds.refusals import Refusal
from feeds.sources.polymarket.gamma import Reader
from feeds.sources.polymarket.gamma_client import GammaClient, Query
from infra import aio, bus, clock, logs, metrics
from infra.loops import Loop

SOURCE: Final = "discovery"
TOPIC: Final = "markets"
ESPORTS: Final = ("tag_id", "64")
EVERY_MS: Final = {"polymarket": 300_000, "simulator": 5_000}
RETRY_MS: Final = 15_000  # after a round that failed, when rounds are rarer than this
LOOK_MS: Final = 1_000  # how often between rounds somebody may have asked for one
# A new market is told before Gamma lists it, and its event's other markets come with it.
ASKED_GAP_MS: Final = 5_000
ASKED_AGAIN_MS: Final = 20_000
ASKED_TRIES: Final = 3
DAY_MS: Final = 24 * 3_600_000
# ``closed=false`` also lists events that were forgotten years ago (polymarket.md 7).
ENDED_AFTER_MS: Final = 3 * DAY_MS
ASKED_FOR_MS: Final = 14 * DAY_MS  # how long after we found it the end of a market is asked for
EVENTS_A_QUERY: Final = 20
ASK_CAP_MS: Final = 600_000

log = logs.get("discovery")


@dataclass(frozen=True, slots=True)
class Round:
    """What one round found. ``problem`` is ``None`` when the whole list was read.

    ``missing`` are markets that the venue no longer speaks of at all.
    """

    markets: int
    new: int
    changed: int
    refused: int
    missing: int
    problem: str | None


@dataclass(slots=True)
class Asking:
    """When an event that is gone from the list is asked for again: soon, then ever more rarely."""

    wait_ms: int
    next_ms: int


class Discovery:
    """One venue's list, read again and again. ``chance`` spreads the tries."""

    def __init__(self, client: GammaClient, *, venue: str, every_ms: int) -> None:
        self.reader = Reader(venue, self._note)
        self._client = client
        self._every_ms = every_ms
        self._asking: dict[EventId, Asking] = {}

    async def round(self) -> Round:
        """Read the list once and save what it says. Never raises for what the venue does."""
        refused_before = self.reader.refused.total()
        saved = Tally()
        problem = None
        missing = 0
        try:
            await self._read(self._open_events(clock.now_ms()), saved)
            missing = await self._follow_up(saved)
        except Unanswered as error:
            problem = str(error)
        refused = self.reader.refused.total() - refused_before
        return Round(len(saved.seen), saved.new, saved.changed, refused, missing, problem)

    def _open_events(self, now: Ms) -> Query:
        since = clock.to_datetime(now - ENDED_AFTER_MS).strftime("%Y-%m-%dT%H:%M:%SZ")
        return [ESPORTS, ("closed", "false"), ("end_date_min", since)]

    async def _read(self, query: Query, tally: "Tally") -> None:
        async for page in self._client.events(query):
            heard_ms = clock.now_ms()
            events = [event for text in page if (event := self.reader.read(text, heard_ms)) is not None]
            saved = await sync_to_async(services.save_listings)(events, heard_ms=heard_ms)
            for market in saved.clashing:
                log.error(
                    "market refused: its tokens are another's",
                    event_type="input_refused",
                    market_id=market.market_id,
                    yes_token_id=market.yes_token,
                    no_token_id=market.no_token,
                )
                metrics.REFUSED_INPUT.labels(source=SOURCE, reason="token_of_another").inc()
            tally.seen |= {listing.market.market_id for event in events for listing in event.listings}
            tally.new += len(saved.new)
            tally.changed += len(saved.changed)
            await nudge([*saved.new, *saved.changed])

    async def _follow_up(self, tally: "Tally") -> int:
        """Ask by event for what the list no longer shows. How many markets the venue does not know any more."""
        waiting = await self._unsettled(tally)
        now = clock.monotonic_ms()
        due = sorted({event for event in waiting.values() if self._due(event, now)})
        for chunk in _chunks(due):
            ids = [("id", event) for event in chunk]
            for closed in ("true", "false"):
                await self._read([ESPORTS, ("closed", closed), *ids], tally)
        left = await self._unsettled(tally)
        for event in self._asking.keys() - set(left.values()):
            del self._asking[event]
        return await sync_to_async(services.close_missing)([m for m, event in left.items() if event in due])

    async def _unsettled(self, tally: "Tally") -> dict[MarketId, EventId]:
        """Markets without a known end that this round has not seen.

        Not by when they were last seen: a demo's clock may have run ahead in an earlier run.
        """
        found_after = Ms(clock.now_ms() - ASKED_FOR_MS)
        known = await sync_to_async(selectors.unsettled)(found_after=found_after)
        return {market: event for market, event in known.items() if market not in tally.seen}

    def _due(self, event: EventId, now: int) -> bool:
        asking = self._asking.setdefault(event, Asking(self._every_ms, now))
        if now < asking.next_ms:
            return False
        asking.next_ms = now + asking.wait_ms
        asking.wait_ms = min(asking.wait_ms * 2, max(ASK_CAP_MS, self._every_ms))
        return True

    def _note(self, refusal: Refusal) -> None:
        metrics.REFUSED_INPUT.labels(source=SOURCE, reason=refusal.reason.value).inc()
        log.warning(
            "input refused", event_type="input_refused", reason=refusal.reason.value, detail=refusal.detail
        )


@dataclass(slots=True)
class Tally:
    """What a round has read so far."""

    seen: set[MarketId] = field(default_factory=set)
    new: int = 0
    changed: int = 0


class Waiting:
    """The time between two rounds: as long as planned, or until a new market was told of.

    Asked for, a round begins within seconds and never sooner than ``ASKED_GAP_MS`` after the last one. While it
    finds nothing new, two more follow, ``ASKED_AGAIN_MS`` apart.
    """

    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop
        self._tries = 0

    async def over(self, planned_ms: int, found: Round) -> bool:
        """Wait for the next round; true when told to stop instead. Real time."""
        if found.new:
            self._tries = 0
        began = clock.monotonic_ms()
        gap_ms = ASKED_AGAIN_MS if self._tries else ASKED_GAP_MS
        while (left := began + planned_ms - clock.monotonic_ms()) > 0:
            if await aio.stopped_within(self._stop, min(LOOK_MS, left)):
                return True
            if await _asked():
                self._tries, gap_ms = ASKED_TRIES, ASKED_GAP_MS
            if self._tries and clock.monotonic_ms() - began >= gap_ms:
                self._tries -= 1
                return False
        return False


async def _asked() -> bool:
    try:
        return await services.discovery_asked()
    except RedisError as error:
        log.warning("not known whether a round is asked for", error=str(error))
        return False


async def run(loop: Loop) -> None:
    """Rounds until ``stop``: every 5 s at the simulator, every 5 minutes at Polymarket, in real time."""
    venue = selectors.venue_in_use()
    every_ms = EVERY_MS[venue]
    client = GammaClient(settings.POLYLOLY.urls.gamma, chance=Random())
    discovery = Discovery(client, venue=venue, every_ms=every_ms)
    waiting = Waiting(loop.stop)
    loop.warmed_up()
    try:
        while True:
            found = await discovery.round()
            await report(found)
            wait_ms = every_ms if found.problem is None else min(every_ms, RETRY_MS)
            if await waiting.over(wait_ms, found):
                return
    finally:
        await client.close()


async def report(found: Round) -> None:
    """Into the log when there is news, into the health row always."""
    if found.problem is not None:
        log.warning("discovery round failed", event_type="source_lost", why=found.problem)
    elif found.new or found.changed or found.refused or found.missing:
        log.info(
            "markets discovered",
            event_type="markets_discovered",
            markets=found.markets,
            new=found.new,
            changed=found.changed,
            refused=found.refused,
            missing=found.missing,
        )
    now = clock.now_ms()
    status = SourceStatus.CONNECTED if found.problem is None else SourceStatus.LOST
    heard_ms = now if found.problem is None else None
    detail = found.problem or f"{found.markets} markets listed, {found.refused} refused"
    await sync_to_async(services.record_health)(SOURCE, status, heard_ms, detail, at_ms=now)
    if heard_ms is not None:
        # Counted when it is read: between two rounds nobody would set it.
        metrics.SOURCE_AGE.labels(source=SOURCE).set_function(partial(_seconds_since, clock.monotonic_ms()))


def _seconds_since(monotonic_ms: int) -> float:
    return (clock.monotonic_ms() - monotonic_ms) / 1000


async def nudge(markets: Collection[MarketListed]) -> None:
    """Tell the trader that there is something to look at; it reads the rows anyway every few seconds."""
    for market in markets:
        try:
            await bus.async_publish(TOPIC, market)
        except RedisError as error:
            log.warning("trader not told of a market", market_id=market.market_id, error=str(error))
            return


def _chunks(events: list[EventId]) -> Iterator[list[EventId]]:
    for start in range(0, len(events), EVENTS_A_QUERY):
        yield events[start : start + EVENTS_A_QUERY]
