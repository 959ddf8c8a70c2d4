"""The live gateway: a synchronous object to the runner, requests and the user channel behind it. Read ``run``.

What the runner asks leaves at once; what the venue says waits in order until ``advance``. Who decides what a word of
the venue means: ``own_order``. What is asked when: ``own_orders``. How: ``asking``.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Final, Literal, NamedTuple, Protocol

from core.answers import CancelFailed, FillStatus, OrderRejected, RejectCode, WindowTold
from core.events import Event, MarketListed, MarketResolved, TickSizeChanged
from core.ids import FillId, IntentKey, MarketId, OrderId, Outcome
from core.intents import Cancel, OrderKind, Place, WalletAction
from core.kept import KeptOrder
from core.risk import Approved
from core.units import Ms, Price
from feeds.selectors import VenueTerms
from feeds.sources.polymarket.line import Listener
from infra import aio, clock, logs
from trading.errors import OrderNotWritten
from trading.gateways.polymarket.answers import Unanswered
from trading.gateways.polymarket.orders.asking import Asking, Venue
from trading.gateways.polymarket.orders.own_order import OwnOrder
from trading.gateways.polymarket.orders.own_orders import MarketTerms, OwnOrders
from trading.gateways.polymarket.orders.recovery import Recovered, recover
from trading.gateways.polymarket.orders.translate import order_read, order_told, trade_told
from trading.gateways.polymarket.reading import read_user_frame
from trading.gateways.polymarket.signing import Hashed, OrderTerms, Signed, Signer, Unsignable, Unsigned
from trading.gateways.polymarket.transport.lanes import Letter
from trading.gateways.polymarket.wire import OrderEvent, Unreadable
from trading.runner import Prepared

PREPARED_MAX: Final = 512
LOOKS_AT_ONCE: Final = 8
JUST_OPEN_MS: Final = 2_000  # trades are stamped in whole seconds
IDLE_MS: Final = 1_000  # the keeper looks this often at least

log = logs.get("gateway")


class Channel(Protocol):
    """What we use of ``user_channel.UserChannel``."""

    async def run(self, listener: Listener, *, stop: asyncio.Event) -> None: ...

    def doubt(self) -> None: ...


class PolymarketGateway:
    """Where live orders go. ``venue`` must have been started, so that there is an API key.

    ``allowed`` says why an order may not be sent once more; ``plan_wallet`` takes merges and redemptions;
    ``wake`` is called when there is something for ``advance``.
    """

    shows_own_orders = True

    def __init__(
        self,
        signer: Signer,
        venue: Venue,
        channel: Channel,
        *,
        allowed: Callable[[Place], str | None],
        plan_wallet: Callable[[WalletAction], None],
        wake: Callable[[], None],
    ) -> None:
        self.orders = OwnOrders()
        self.channel = channel
        self.unreadable = 0  # frames of the channel, or parts of them
        self._signer = signer
        self._venue = venue
        self._plan_wallet = plan_wallet
        self._wake = wake
        self._asking = Asking(self.orders, venue, allowed)
        self._listings: dict[MarketId, MarketListed] = {}
        self._terms: dict[MarketId, VenueTerms] = {}
        self._prepared: dict[IntentKey, _Made | _Sealed] = {}
        self._group: asyncio.TaskGroup | None = None
        self._looks = asyncio.Semaphore(LOOKS_AT_ONCE)
        self._stirred = asyncio.Event()
        self._woken = False
        self._opened_ms: Ms | None = None

    def learn(self, listing: MarketListed, terms: VenueTerms) -> None:
        """A market's terms, or changed ones. Orders are made only for markets learned."""
        self._listings[listing.market_id] = listing
        self._terms[listing.market_id] = terms
        self.orders.learn(listing.market_id, _market_terms(listing))
        self._stir()

    def prepare(self, approved: Approved, now: Ms) -> Prepared:
        """Make the order and compute its id. Raises ``OrderNotWritten`` for one that cannot be made."""
        place = approved.intent
        try:
            unsigned = self._signer.draft(place, self._order_terms(place), now)
        except Unsignable as error:
            raise OrderNotWritten(f"cannot be signed: {error.text}") from error
        if len(self._prepared) >= PREPARED_MAX:
            del self._prepared[next(iter(self._prepared))]
        made = self._prepared[place.key] = _Made(place, unsigned, self._signer.hashed(unsigned))
        return Prepared(made.hashed.order_id, unsigned.text())

    def seal(self, key: IntentKey) -> None:
        """Sign a prepared order and make the request that takes it to the venue. Again is fine.

        Raises ``NotReady`` before there is an API key.
        """
        made = self._prepared.get(key)
        if made is not None:
            self._prepared[key] = self._sealed(made)

    def _sealed(self, made: "_Made | _Sealed") -> "_Sealed":
        if isinstance(made, _Sealed):
            return made
        post_only = made.place.kind is OrderKind.QUOTE
        owner = self._venue.credentials.api_key
        signed = self._signer.sign(made.unsigned, owner, post_only=post_only, hashed=made.hashed)
        return _Sealed(made.hashed, signed, self._venue.letter(signed))

    def _order_terms(self, place: Place) -> OrderTerms:
        listing, terms = self._listings.get(place.market_id), self._terms.get(place.market_id)
        if listing is None or terms is None:
            raise Unsignable(RejectCode.UNTRADABLE, f"nothing is known of {place.market_id}")
        token = listing.yes_token if place.outcome is Outcome.YES else listing.no_token
        version: Literal["v1", "v2"] = "v2" if terms.version == "v2" else "v1"
        return OrderTerms(token, Price(listing.tick), terms.neg_risk, version)

    def forget(self, key: IntentKey) -> None:
        """A prepared order will not leave."""
        self._prepared.pop(key, None)

    def order_id(self, approved: Approved) -> OrderId:
        """The id of a prepared order. Raises ``KeyError`` for another."""
        return self._prepared[approved.intent.key].hashed.order_id

    def place(self, approved: Approved, now: Ms) -> None:
        """Hand a prepared order to the transport and return. What becomes of it is told by ``advance``."""
        place = approved.intent
        prepared, listing = self._prepared.pop(place.key, None), self._listings.get(place.market_id)
        if prepared is None or listing is None or self._group is None:
            why = "not prepared" if prepared is None else "the gateway does not run"
            self._say(OrderRejected(place.key, RejectCode.NOT_SENT, why, now))
            return
        sealed = self._sealed(prepared)
        order = self.orders.begin(place, sealed.signed.order_id, _market_terms(listing), now)
        # First who follows it, which raises while the gateway is about to end, then the bytes: the task runs in the
        # next turn.
        self._start(self._asking.post(order, sealed.signed, sealed.letter))
        if sealed.letter is not None:
            self._venue.send(sealed.letter)

    def cancel(self, cancel: Cancel, now: Ms) -> None:
        """Cancel an order as soon as the venue can know it, and again until it is over."""
        order = self.orders.by_key(cancel.key)
        if order is None:
            self._say(CancelFailed(cancel.key, "no such order here", now))
        elif order.is_over:
            order.tell_again(now)
            self._stir()
        else:
            order.want_gone(now, asked_by_core=True)
            self._stir()

    def wallet(self, action: WalletAction, now: Ms) -> None:
        """Merges and redemptions are the wallet keeper's."""
        self._plan_wallet(action)

    def observe(self, event: Event, now: Ms) -> None:
        """Follow what orders must be made for, and when a market can take none any more."""
        if isinstance(event, TickSizeChanged):
            listing = self._listings.get(event.market_id)
            if listing is not None:
                self._listings[event.market_id] = replace(listing, tick=event.tick)
        elif isinstance(event, MarketResolved):
            self.orders.resolved(event.market_id)

    async def ask_open(self, market_id: MarketId | None) -> list[OrderId] | None:
        """Our orders that are open at the venue, by its own word; ``None`` when it gave none.

        One that should be over is taken up again: it counts, and is cancelled.
        """
        asked_ms = clock.now_ms()
        found = await self._venue.open_orders()
        if isinstance(found, Unanswered):
            return None
        for fact in filter(None, map(order_read, found)):
            self.orders.seen_after_end(fact, asked_ms, clock.now_ms())
        self._stir()
        return self.orders.mine((order.id for order in found), market_id)

    def due_ms(self) -> Ms | None:
        return self.orders.said[0].heard_ms if self.orders.said else None

    def advance(self, now: Ms) -> list[Event]:
        """All that was said since the last call, in order."""
        said = list(self.orders.said)
        self.orders.said.clear()
        self._woken = False
        return said

    async def recover(
        self, kept: Sequence[KeptOrder], provisional: Mapping[FillId, FillStatus] | None = None
    ) -> Recovered:
        """Take up the orders of an earlier life of the process; see ``recovery``. Call it before ``run``."""
        terms = {market_id: _market_terms(listing) for market_id, listing in self._listings.items()}
        return await recover(self.orders, self._asking, kept, terms=terms, provisional=provisional or {})

    async def run(self, stop: asyncio.Event) -> None:
        """Keep the channel open and carry out what is due until ``stop``; then wait for what is under way."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                group.create_task(self.channel.run(self, stop=stop))
                group.create_task(self._keep(stop))
                group.create_task(self._stir_at(stop))
        finally:
            self._group = None

    def frame(self, frame: bytes, heard_ms: Ms) -> None:
        """Take in a frame of the user channel. What cannot be read may have been about us: everything is read."""
        for event in read_user_frame(frame):
            if isinstance(event, Unreadable):
                self.unreadable += 1
                log.error("user channel unreadable", event_type="error", reason=event.reason)
                self.orders.survey_now()
            elif isinstance(event, OrderEvent):
                self.orders.hear(order_told(event), heard_ms)
            else:
                self.orders.hear_trade(trade_told(event), heard_ms)
        self._stir()

    def opened(self, heard_ms: Ms) -> None:
        """The channel is open: what happened before is read."""
        self._opened_ms = heard_ms
        self.orders.survey_now()
        self._stir()

    def lost(self, reason: str, heard_ms: Ms) -> None:
        """Orders are followed by reading until the channel is back; nothing is assumed."""
        self._opened_ms = None

    async def _keep(self, stop: asyncio.Event) -> None:
        """Carry out what is due, when it is due."""
        while not stop.is_set():
            self._stirred.clear()
            self._carry_out()
            await self._rest()

    def _carry_out(self) -> None:
        wishes = self.orders.wishes(clock.now_ms())
        if wishes.cancels:
            self._start(self._asking.cancel(wishes.cancels))
        for order in wishes.looks:
            self._start(self._look(order))
        if wishes.trades_after is not None:
            self._start(self._asking.trades(wishes.trades_after))
        if wishes.survey:
            self._start(self._asking.survey(wishes.loose))

    async def _look(self, order: OwnOrder) -> None:
        async with self._looks:
            await self._asking.look(order)

    async def _rest(self) -> None:
        """Until something is due or something was heard."""
        due = self.orders.due_ms()
        wait_ms = IDLE_MS if due is None else min(IDLE_MS, clock.real_ms(due - clock.now_ms()))
        await aio.stopped_within(self._stirred, wait_ms)

    async def _stir_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._stirred.set()

    def _start(self, request: Coroutine[None, None, object]) -> None:
        """Raises ``RuntimeError`` while the gateway is about to end."""
        assert self._group is not None, "requests are made while the gateway runs"
        asked = self._request(request)
        try:
            self._group.create_task(asked)
        except RuntimeError:
            asked.close()
            request.close()
            raise

    async def _request(self, request: Coroutine[None, None, object]) -> None:
        await request
        self._listen_closely()
        self._stir()

    def _listen_closely(self) -> None:
        """Replace a channel that was open and did not tell of a trade: it may answer PING and be frozen."""
        untold, self._asking.untold_ms = self._asking.untold_ms, None
        if untold is not None and self._opened_ms is not None and untold >= self._opened_ms + JUST_OPEN_MS:
            log.warning("user channel silent", event_type="ws_silent", trade_ms=untold)
            self.channel.doubt()

    def hear_window(self, told: WindowTold) -> None:
        """An answer, whichever it was, said that the venue takes no orders now, or only some."""
        self._say(told)

    def _say(self, event: Event) -> None:
        self.orders.say(event)
        self._stir()

    def _stir(self) -> None:
        """Something changed: the keeper looks what is due, the runner what was said."""
        self._stirred.set()
        if self.orders.said and not self._woken:
            self._woken = True
            self._wake()


class _Made(NamedTuple):
    """A prepared order."""

    place: Place
    unsigned: Unsigned
    hashed: Hashed


class _Sealed(NamedTuple):
    """A prepared order, signed. ``letter``: the request that takes it to the venue (``Transport.letter``)."""

    hashed: Hashed
    signed: Signed
    letter: Letter | None


def _market_terms(listing: MarketListed) -> MarketTerms:
    return MarketTerms(listing.yes_token, listing.no_token, listing.fees, listing.delay_ms)
