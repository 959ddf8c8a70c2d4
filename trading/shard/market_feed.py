"""The shard's ears: the market channel, the parser, the recorder and the answers of ``GET /book``.

Every frame goes to the recorder as it came and to the runner as events, in the order of the wire.
"""

import asyncio
import time
from random import Random
from typing import Final

from django.conf import settings
from redis import RedisError

from core import events as ev
from core.ids import MarketId
from core.intents import Resync
from core.units import Ms
from feeds import services as feeds_services
from feeds.recorder import Recorder
from feeds.refusals import Refusal
from feeds.sources.polymarket.announcements import NEW_MARKET, announced
from feeds.sources.polymarket.client import BookReader, BookUnanswered, MarketChannel
from feeds.sources.polymarket.parse import Parser
from infra import clock, logs, metrics, restarts
from risk.services import part_of
from trading.board.rows import Row, feed_row
from trading.runner import Runner
from trading.shard.market_terms import tokens_of

SOURCE: Final = "polymarket"
RESYNCS_WAITING: Final = 512
TELL_MS: Final = 1_000

log = logs.get("feeds")


class MarketFeed:
    """Owns one connection to the venue's market channel. Implements ``Listener``."""

    def __init__(self, runner: Runner, stop: asyncio.Event) -> None:
        urls = settings.POLYLOLY.urls
        self._runner = runner
        self._parser = Parser({}, on_refusal=self._refused)
        self._channel = MarketChannel(urls.market_ws, self, stop=stop, chance=Random())
        self._books = BookReader(urls.clob)
        self._listings: dict[MarketId, ev.MarketListed] = {}
        self._resyncs: asyncio.Queue[Resync] = asyncio.Queue(RESYNCS_WAITING)
        self._resyncing: dict[MarketId, int] = {}
        self._wishes = restarts.Watch(part_of(SOURCE))
        self._announcements = 0
        self._new_market = asyncio.Event()
        self._recorder = Recorder(settings.POLYLOLY.recordings_dir) if settings.POLYLOLY.record else None

    def learn(self, listing: ev.MarketListed) -> bool:
        """Take a market in. True when it is new or its terms changed."""
        known = self._listings.get(listing.market_id)
        if known is not None and _terms(known) == _terms(listing):
            return False
        self._listings[listing.market_id] = listing
        self._parser.learn(tokens_of(listing))
        if self._recorder is not None:
            self._recorder.listed(listing)
        return True

    def forget(self, market_id: MarketId) -> None:
        if self._listings.pop(market_id, None) is not None:
            self._parser.forget([market_id])
        self._resyncing.pop(market_id, None)

    async def subscribe(self) -> None:
        """Bring the subscription to what is listed now."""
        tokens = [
            token for listing in self._listings.values() for token in (listing.yes_token, listing.no_token)
        ]
        await self._channel.want(tokens)

    async def run(self) -> None:
        """Listen until stopped; ends the recorder's file at the end."""
        async with asyncio.TaskGroup() as group:
            answering = group.create_task(self._answer_resyncs())
            telling = group.create_task(self._tell_discovery())
            await self._channel.run()
            answering.cancel()
            telling.cancel()

    async def heed_wishes(self) -> None:
        """Each second: connect anew when somebody asked for it. Redis may be down: then nobody can."""
        try:
            if await self._wishes.look():
                log.warning("market channel told to start anew", source=SOURCE)
                self._channel.start_anew()
        except RedisError as error:
            log.warning("not known whether to connect anew", source=SOURCE, error=str(error))

    async def close(self) -> None:
        await self._books.close()
        if self._recorder is not None:
            await asyncio.to_thread(self._recorder.close)

    def opened(self, heard_ms: Ms) -> None:
        log.info("market channel connected", event_type="source_recovered", source=SOURCE)
        self._runner.take(ev.FeedBack(tuple(self._listings), heard_ms))

    def lost(self, reason: str, heard_ms: Ms) -> None:
        metrics.WS_RECONNECTS.labels(source=SOURCE).inc()
        log.warning("market channel lost", event_type="ws_reconnect", source=SOURCE, why=reason)
        self._runner.take(ev.FeedLost(tuple(self._listings), reason, heard_ms))

    def frame(self, text: bytes, heard_ms: Ms) -> None:
        began = time.perf_counter()
        if self._recorder is not None:
            self._recorder.frame(text, heard_ms)
        for event in self._parser.parse(text, heard_ms):
            self._runner.take(event)
        if self._parser.unused[NEW_MARKET] != self._announcements:
            self._announcements = self._parser.unused[NEW_MARKET]
            if announced(text):
                self._new_market.set()
        metrics.DECISION_LATENCY.observe(time.perf_counter() - began)

    def resync(self, wanted: Resync) -> None:
        """Ask for a market's whole book soon. When too many wait, the next tick asks again."""
        try:
            self._resyncs.put_nowait(wanted)
        except asyncio.QueueFull:
            log.warning("resync not queued", market_id=wanted.market_id, waiting=RESYNCS_WAITING)

    async def _answer_resyncs(self) -> None:
        while True:
            wanted = await self._resyncs.get()
            listing = self._listings.get(wanted.market_id)
            if listing is not None:
                await self._resync(listing, wanted)

    async def _tell_discovery(self) -> None:
        """Pass on, at most once a second, that the venue has a new market of our games."""
        while True:
            await self._new_market.wait()
            self._new_market.clear()
            try:
                await feeds_services.ask_discovery()
            except RedisError as error:
                log.warning("discovery not told of a new market", error=str(error))
            await asyncio.sleep(TELL_MS / 1000)

    async def _resync(self, listing: ev.MarketListed, wanted: Resync) -> None:
        """Read the book; from the second time in a row on, subscribe to the tokens anew as well."""
        market_id = listing.market_id
        again = self._resyncing.get(market_id, 0)
        desk = self._runner.engine.desk(market_id)
        heard = desk.book.heard_ms if desk is not None else None
        self._resyncing[market_id] = 0 if heard is not None and heard > wanted.decided_ms else again + 1
        if again and wanted.reason != "silent":
            await self._channel.renew((listing.yes_token, listing.no_token))
        try:
            body = await self._books.read(listing.yes_token)
        except BookUnanswered as error:
            self._runner.take(ev.ResyncFailed(market_id, str(error), clock.now_ms()))
            return
        for event in self._parser.parse(body, clock.now_ms()):
            self._runner.take(event)

    def _refused(self, refusal: Refusal) -> None:
        metrics.REFUSED_INPUT.labels(source=SOURCE, reason=refusal.reason.value).inc()
        log.warning("input refused", source=SOURCE, reason=refusal.reason.value, detail=refusal.detail)

    @property
    def heard_ms(self) -> int | None:
        """When the last frame came, by the clock."""
        return self._channel.heard_ms

    def row(self) -> Row:
        """The channel as the console shows it."""
        return feed_row(
            "market channel",
            kind="market data",
            status=self._channel.status.value,
            heard_ms=self._channel.heard_ms,
            since_ms=self._channel.since_ms,
            detail=self._channel.detail,
            reconnects=self._channel.reconnects,
        )


def _terms(listing: ev.MarketListed) -> tuple[object, ...]:
    """Everything of a listing but when it was heard."""
    return (
        listing.tick,
        listing.min_size,
        listing.delay_ms,
        listing.fees,
        listing.starts_ms,
        listing.title,
        listing.match_id,
        listing.wiped_at_start,
    )
