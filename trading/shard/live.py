"""The floor of a wallet: the live gateway, what is taken up at a start, and what runs while we trade.

Read ``take_up``: nothing is traded before the venue was asked what became of every order, and before its figures of
the wallet are the ledger's.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from random import Random
from typing import Any, Final

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError
from redis import RedisError

from core import events as ev
from core.ids import IntentKey, OrderId, Outcome, Side, TokenId
from core.intents import Place
from core.intents import WalletAction as Wanted
from core.units import Ms, Shares, Usdc
from feeds import selectors as feeds
from infra import aio, clock, logs
from risk import services as risk_services
from trading import selectors
from trading.board.rows import Row, feed_row
from trading.controls.halting import press
from trading.errors import VenueSilent, WalletTaken
from trading.gateways.polymarket.answers import Unanswered
from trading.gateways.polymarket.gateway import PolymarketGateway
from trading.gateways.polymarket.signing import Signer
from trading.gateways.polymarket.transport.transport import NotReady, Transport
from trading.gateways.polymarket.user_channel import UserChannel
from trading.health import findings
from trading.runner import Runner
from trading.shard.outages import outliving
from trading.shard.recovery import Opened, open_wallet, wallet_account
from trading.wallet import checks as wallet_checks
from trading.wallet import comparing
from trading.wallet import light as wallet_light
from trading.wallet.comparing import Figures, Leg
from trading.wallet.light import Hold
from trading.wallet.sums import carried_out
from trading.wallet.watch import READ_MS, WalletWatch

LIGHT_MS: Final = 250
STRANGERS_MS: Final = 2_000
STRANGERS_NAMED: Final = 3
JUST_ENDED_MS: Final = 60_000  # another shard's order may end while we ask
COMPARE_TRIES: Final = 20
COMPARE_MS: Final = 500
END_WITHIN_S: Final = 1.0

log = logs.get("trading")


class Wallet:
    """The connection to the venue in the name of the settings' wallet."""

    def __init__(self) -> None:
        chosen = settings.POLYLOLY
        assert chosen.wallet is not None, "checked with the settings"
        assert chosen.private_key is not None, "checked with the settings"
        self.address: str = chosen.wallet
        self.signer = Signer(chosen.private_key, wallet=self.address, signature_type=chosen.signature_type)
        self.transport = Transport(chosen.urls.clob, self.signer)
        self.channel = UserChannel(
            chosen.urls.user_ws, credentials=lambda: self.transport.credentials, chance=Random()
        )

    async def start(self) -> None:
        """Raises ``VenueSilent``."""
        try:
            await self.transport.start(orders=True)
        except NotReady as error:
            raise VenueSilent(str(error)) from error

    async def cash(self) -> Usdc:
        """What the venue states. Raises ``VenueSilent``."""
        return Usdc(await self._balance(None))

    async def figures(self, legs: dict[Leg, ev.MarketListed]) -> Figures:
        """Cash, and the shares of each leg, as the venue reads them from the chain now. Raises ``VenueSilent``."""
        found: dict[Leg | None, int] = {None: await self._balance(None)}
        for leg, listing in legs.items():
            token = listing.yes_token if leg[1] is Outcome.YES else listing.no_token
            found[leg] = await self._balance(token)
        return found

    async def _balance(self, token: TokenId | None) -> int:
        refused = await self.transport.refresh_balance(token)
        stated = refused or await self.transport.balance(token)
        if isinstance(stated, Unanswered):
            raise VenueSilent(f"balance not stated: {stated.reason}")
        return stated.micro

    async def close(self) -> None:
        await self.transport.close()


async def open_live(shard: str, wallet: Wallet) -> Opened:
    """Take the fence and read the rows; a wallet without an account gets one with what the venue states.

    Raises ``VenueSilent``.
    """
    known = await sync_to_async(wallet_account)(wallet.address)
    cash = await wallet.cash() if known is None else None
    return await sync_to_async(open_wallet)(shard, wallet.address, cash=cash, now=clock.now_ms())


class LiveFloor:
    """Trades with a wallet. ``stop`` ends the shard; ``shard`` names it in the records."""

    def __init__(
        self,
        wallet: Wallet,
        *,
        shard: str,
        allowed: Callable[[Place], str | None],
        plan_wallet: Callable[[Wanted], None],
        wake: Callable[[], None],
    ) -> None:
        self.gateway = PolymarketGateway(
            wallet.signer,
            wallet.transport,
            wallet.channel,
            allowed=allowed,
            plan_wallet=plan_wallet,
            wake=wake,
        )
        wallet.transport.window_told = self.gateway.hear_window
        self._wallet = wallet
        self._shard = shard
        self._ending = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._watch: WalletWatch | None = None
        self._stop = asyncio.Event()
        self._account_id: int = 0
        self._looked_up: set[OrderId] = set()
        self._misnamed_told = False

    async def learn(self, listings: Sequence[ev.MarketListed]) -> None:
        if not listings:
            return
        terms = await sync_to_async(feeds.venue_terms)([listing.market_id for listing in listings])
        for listing in listings:
            if listing.market_id in terms:
                self.gateway.learn(listing, terms[listing.market_id])
            else:
                log.error("terms of a market unknown", event_type="error", market_id=listing.market_id)

    def ahead(self, key: IntentKey) -> Shares | None:
        """The venue tells nobody."""
        return None

    async def take_up(self, runner: Runner, opened: Opened) -> None:
        """Hear of everything missed, cancel what was left open, compare; then begin. Raises ``VenueSilent``."""
        found = await self.gateway.recover(opened.past.kept, opened.past.provisional)
        for event in found.events:
            runner.take(event)
        if not found.answered:
            raise VenueSilent("the venue did not say what is open or what was traded")
        self._account_id = opened.account.pk
        await self._look_at_names()
        self._watch = WalletWatch(runner, opened.account.pk, clock.now_ms())
        await self._watch.catch_up()
        self._running = asyncio.create_task(self.gateway.run(self._ending), name=f"gateway of {self._shard}")
        await self._compare(runner, opened.account.pk)
        await self._refuse_strangers(runner, found.foreign)

    async def _refuse_strangers(self, runner: Runner, foreign: Sequence[OrderId]) -> None:
        """Halt when orders rest on this wallet that are in no row, or in one that ended: what they may buy is in no
        limit of ours."""
        since = Ms(clock.now_ms() - JUST_ENDED_MS)
        ours = await sync_to_async(selectors.known_orders)(self._account_id, foreign, open_since_ms=since)
        strangers = sorted(set(foreign) - ours)
        if not strangers:
            return
        named = ", ".join(strangers[:STRANGERS_NAMED])
        more = f" and {len(strangers) - STRANGERS_NAMED} more" if len(strangers) > STRANGERS_NAMED else ""
        await self._halt(
            runner, f"open on this wallet and not ours: cancel at the venue, then reset: {named}{more}"
        )

    async def _compare(self, runner: Runner, account_id: int) -> None:
        """Until the venue's figures are the ledger's but for what is not settled; else everything halts."""
        assert self._watch is not None, "made before"
        told = ""
        for _ in range(COMPARE_TRIES):
            await self._watch.read()
            legs = _legs(runner)
            under_way = await sync_to_async(selectors.open_wallet_actions)(account_id)
            venue = await self._wallet.figures(legs)
            runner.pass_time(clock.now_ms())
            ledger = _ledger(runner, legs)
            unsure = [*_unsettled(runner), *(carried_out(row) for row in under_way)]
            if not comparing.differs(ledger, venue, unsure):
                log.info("wallet compared", event_type="startup_check", cash=venue[None], legs=len(legs))
                return
            told = comparing.words(ledger, venue)
            await asyncio.sleep(COMPARE_MS / 1000)
        await self._halt(runner, told)

    async def _halt(self, runner: Runner, detail: str) -> None:
        """Nothing is traded before a person has looked."""
        log.error("wallet differs", event_type="reconciliation_mismatch", detail=detail)
        runner.take(ev.Halted(None, risk_services.HaltCode.POSITIONS.value, clock.now_ms()))
        code, by, at = risk_services.HaltCode.POSITIONS, risk_services.process(self._shard), clock.now_ms()
        await press(lambda: risk_services.halt_trading(code=code, detail=detail, by=by, at=at))

    def works(self) -> Iterable[Coroutine[Any, Any, None]]:
        assert self._running is not None, "taken up before"
        assert self._watch is not None, "taken up before"
        return (
            self._until_ended(self._running),
            aio.every(READ_MS, outliving(self._watch.read, "follow the wallet"), stop=self._stop),
            aio.every(LIGHT_MS, self._look_at_light, stop=self._stop),
            aio.every(STRANGERS_MS, self._look_at_names, stop=self._stop),
        )

    async def _look_at_light(self) -> None:
        """Raises ``WalletTaken``. A light that is out, or not read, says nothing: the venue then ends our orders."""
        try:
            light = await sync_to_async(wallet_light.read)(self._wallet.address)
        except RedisError as error:
            log.warning("wallet's light not read", error=str(error))
            return
        if light is not None and light.hold is Hold.REFUSED:
            raise WalletTaken(light.why)

    async def _look_at_names(self) -> None:
        """Say which orders on this wallet are nobody's here, and whether the venue named one of ours otherwise.

        Another shard's are in rows of this account: a row is there before its order can be.
        """
        try:
            await self._look_at_strangers(set(self.gateway.orders.strays.foreign))
            misnamed = self.gateway.orders.misnamed
            if misnamed is not None and not self._misnamed_told:
                await sync_to_async(findings.save)([wallet_checks.judged_name(*misnamed)], lasts=True)
                self._misnamed_told = True
        except (DatabaseError, RedisError) as error:
            log.warning("names of orders not looked at", error=str(error))

    async def _look_at_strangers(self, strangers: set[OrderId]) -> None:
        fresh = strangers - self._looked_up
        known = await sync_to_async(selectors.known_orders)(self._account_id, fresh) if fresh else set()
        self._looked_up = strangers
        for order_id in sorted(fresh - known):
            log.error("foreign order on our wallet", event_type="foreign_order", id=order_id)

    async def _until_ended(self, running: asyncio.Task[None]) -> None:
        """The gateway outlives the shard's tasks, to cancel what is open; should it end before, so must they."""
        await asyncio.shield(running)
        raise VenueSilent("the gateway ended")

    def feed_rows(self) -> dict[str, Row]:
        channel = self._wallet.channel
        row = feed_row(
            "user channel",
            kind="own orders",
            status=channel.status.value,
            heard_ms=channel.heard_ms,
            since_ms=channel.since_ms,
            detail=channel.detail,
            reconnects=channel.reconnects,
        )
        return {"feed:user": row}

    async def close(self) -> None:
        self._stop.set()
        self._ending.set()
        if self._running is not None:
            await asyncio.wait({self._running}, timeout=END_WITHIN_S)
            await aio.end(self._running)
        await self._wallet.close()


def _legs(runner: Runner) -> dict[Leg, ev.MarketListed]:
    """Every leg of a listed market in which something is held, or may be."""
    held = {(position.market_id, position.outcome) for position in runner.engine.ledger.positions()}
    return {
        (market_id, outcome): desk.listing
        for market_id, desk in runner.engine.desks.items()
        for outcome in Outcome
        if (market_id, outcome) in held or desk.pair.provisional or desk.pair.reserved
    }


def _ledger(runner: Runner, legs: Iterable[Leg]) -> Figures:
    ledger = runner.engine.ledger
    return {None: int(ledger.cash), **{leg: int(ledger.held(*leg)) for leg in legs}}


def _unsettled(runner: Runner) -> list[Figures]:
    """What the venue shows beside the ledger for each provisional fill that has not reached the wallet."""
    return [
        {None: -fill.net, (market_id, fill.outcome): -fill.shares if fill.side is Side.BUY else fill.shares}
        for market_id, desk in runner.engine.desks.items()
        for fill in desk.pair.unsettled_fills
    ]
