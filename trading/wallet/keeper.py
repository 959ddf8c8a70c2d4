"""The one holder of a wallet: heartbeat, approvals, merges, redemptions. ``trading.run_wallet`` runs it.

Two keepers of one stack are kept apart by the lease ``wallet:ADDRESS``; one that lost it cannot write, because the
fence has moved on. A trader of another stack is found by the venue's heartbeat chain (``trading.wallet.heart``): who
comes second stops, says why, and gives the lease back. Nobody trades with the wallet before its light says held.
"""

import asyncio
from contextlib import AsyncExitStack
from typing import Final

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError
from redis import RedisError

from core.units import Ms
from infra import aio, clock, logs, loops, redis
from infra.loops import Loop
from risk import selectors as risk
from trading import selectors, services
from trading.controls.arming import armed_now
from trading.errors import FenceLost
from trading.gateways.polymarket.answers import Beat
from trading.gateways.polymarket.signing import Signer
from trading.gateways.polymarket.transport.transport import NotReady, Transport
from trading.gateways.polymarket.wallet.wallet import Wallet, WalletUnusable
from trading.models import Account
from trading.wallet import light as wallet_light
from trading.wallet import venue_pass
from trading.wallet.approvals import Approvals
from trading.wallet.checks import KeyChecks
from trading.wallet.heart import Answer, Beaten, Heart, Mismatched, Stage, Unheard
from trading.wallet.light import Hold, WalletLight
from trading.wallet.venue_pass import VenuePass
from trading.wallet.work import Quota, WalletWork

PUBLISH_MS: Final = 1_000
WORK_MS: Final = 500  # of the clock
TURN_REAL_MS: Final = 250  # and never rarer than this, nor more often than each 25 ms
TURN_REAL_LEAST_MS: Final = 25
BEAT_WITHIN_MS: Final = 3_000  # of the clock
BEAT_WITHIN_LEAST_S: Final = 0.5  # and never less than this, real
RENEWED_WITHIN_MS: Final = 3_000  # real
WITHDRAWN_WITHIN_MS: Final = (
    2_000  # real: cancels of a halt that are not through by then need the venue's help
)
SILENT_MS: Final = 10_000  # of the clock: by then the venue cancels
REFUSED_PAUSE_MS: Final = 15_000  # before the lease is given back and somebody may ask again

log = logs.get("wallet")


class Refused(Exception):
    """The wallet cannot be held. The text says why."""


async def run(loop: Loop) -> None:
    """Hold the wallet of the settings until ``loop.stop``, or until it turns out to be another's."""
    wallet = settings.POLYLOLY.wallet
    assert wallet is not None, "who has a key has a wallet"
    fence = await sync_to_async(services.take_fence)(name_of(wallet))
    async with AsyncExitStack() as opened:
        keeper = Keeper(loop, wallet, fence)
        showing = asyncio.create_task(keeper.show())
        opened.push_async_callback(keeper.dim, showing)
        try:
            await keeper.open(opened)
            loop.warmed_up()
            await keeper.hold()
        except Refused as refused:
            keeper.say(Hold.REFUSED, str(refused))
            await keeper.publish()
            log.error("wallet not held", wallet=wallet, why=str(refused), event_type="error")
            await aio.stopped_within(loop.stop, REFUSED_PAUSE_MS)


def name_of(wallet: str) -> str:
    """Of the lease, of the fence, and of the loop's light."""
    return f"wallet:{wallet}"


class Keeper:
    """What one holder owns. Raises ``Refused`` where the wallet cannot be held."""

    def __init__(self, loop: Loop, wallet: str, fence: int) -> None:
        self.loop = loop
        self.wallet = wallet
        self.fence = fence
        self.heart = Heart(clock.now_ms())
        self.quota = Quota()
        self.transport: Transport
        self.relay: Wallet
        self.approvals: Approvals
        self.checks: KeyChecks
        self._account: Account | None = None
        self._work: WalletWork | None = None
        self._light = WalletLight(Hold.CHECKING, "opening the wallet", fence, clock.now_ms(), None)
        self._late: tuple[str, ...] = ()
        self._stopped: str | None = None
        self._beating = asyncio.Event()

    async def open(self, opened: AsyncExitStack) -> None:
        """Get the API key and the wallet's service. Raises ``Refused``."""
        chosen = settings.POLYLOLY
        assert chosen.private_key is not None, "the task asks only where there is a key"
        signer = Signer(chosen.private_key, wallet=self.wallet, signature_type=chosen.signature_type)
        self.transport = Transport(chosen.urls.clob, signer)
        opened.push_async_callback(self.transport.close)
        try:
            await self.transport.start()
            self._leave_pass(signer)
            self.relay = await Wallet.open(
                private_key=chosen.private_key,
                wallet=self.wallet,
                signature_type=chosen.signature_type,
                urls=chosen.urls,
            )
        except (NotReady, WalletUnusable) as error:
            raise Refused(str(error)) from error
        opened.push_async_callback(self.relay.close)
        try:
            self.heart = Heart(clock.now_ms(), await wallet_light.kept_beat(self.wallet))
        except RedisError as error:
            log.warning("last heartbeat not known, its chain is watched", error=str(error))
        self.checks = KeyChecks(self.transport, self.relay, wallet=self.wallet, kind=chosen.signature_type)
        # With real money an approval is a person's decision; play money is approved at once.
        sets = chosen.venue.value == "simulator"
        self.approvals = Approvals(self.relay, self.transport, self.quota, sets=sets, now=clock.now_ms)

    def _leave_pass(self, signer: Signer) -> None:
        """Let ops withdraw everything should we not answer a halt. Without it trading goes on: the venue sweeps too."""
        key = self.transport.credentials
        given = VenuePass(
            wallet=self.wallet,
            address=signer.address,
            signature_type=signer.signature_type,
            api_key=key.api_key,
            secret=key.secret,
            passphrase=key.passphrase,
        )
        try:
            venue_pass.leave(given)
        except OSError as error:
            log.error("no venue pass left for ops", error=str(error), event_type="error")

    async def hold(self) -> None:
        """Beat and work until told to stop. Raises ``Refused`` once another trader shows."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(aio.ending_surely(self._beat()))
                group.create_task(aio.ending_surely(self._set_up_and_work()))
                group.create_task(self._until_stopped())
        except* Stopped:
            log.info("wallet let go", wallet=self.wallet, event_type="shutdown_step")
        except* Refused as group_of_one:
            raise Refused(str(group_of_one.exceptions[0])) from None

    async def _beat(self) -> None:
        """Beat when it is due, and only while no shard with open orders has fallen silent."""
        while True:
            if clock.now_ms() >= self.heart.due_ms:
                await self._beat_once()
            if self.heart.stage is Stage.TAKEN:
                self._taken()
            await asyncio.sleep(self._pause_s(self.heart.due_ms))

    async def _beat_once(self) -> None:
        self._late = await self._silent_shards()
        self._stopped = await self._stopped_with_orders()
        if self._late or self._stopped is not None or not self.loop.lease.valid():
            self.heart.hold_back(clock.now_ms())
            return
        was_running = self.heart.beats
        heard = await self._said(self.heart.beat())
        self.heart.heard(_answer(heard), clock.now_ms())
        await self._keep_beat()
        if self.heart.beats and not was_running:
            self._beating.set()
            log.info("wallet's heart beats", wallet=self.wallet, event_type="startup")
        elif isinstance(heard, Beat) and not heard.accepted:
            log.warning("heartbeat refused", wallet=self.wallet, stage=self.heart.stage.value)

    async def _keep_beat(self) -> None:
        if not self.heart.beats or self.heart.next_id is None:
            return
        try:
            await wallet_light.keep_beat(self.wallet, self.heart.next_id)
        except RedisError as error:
            log.info("heartbeat not remembered: a restart would watch its chain first", error=str(error))

    async def _said(self, heartbeat_id: str | None) -> object:
        """The venue's answer to a beat, or that it came too late: the next one must leave before the orders go."""
        within_s = max(BEAT_WITHIN_MS / 1000 / float(clock.speed()), BEAT_WITHIN_LEAST_S)
        try:
            async with asyncio.timeout(within_s):
                return await self.transport.heartbeat(heartbeat_id)
        except TimeoutError:
            return f"no answer within {within_s} s"

    async def _silent_shards(self) -> tuple[str, ...]:
        """Shards with open orders that have not renewed their light within 3 s. All of them when nobody knows."""
        account = await self.account()
        if account is None:
            return ()
        try:
            names = await sync_to_async(self._shards_with_orders)(account.pk)
            client = redis.async_client(redis.Db.BUS)
            left = [await client.pttl(loops.pulse_key(name)) for name in names]
        except (RedisError, DatabaseError) as error:
            return (f"unknown: {error}",)
        least = loops.PULSE_TTL_MS - RENEWED_WITHIN_MS
        return tuple(name for name, ms in zip(names, left, strict=True) if int(ms) < least)

    async def _stopped_with_orders(self) -> str | None:
        """Why the venue had better sweep: nothing may rest there, and orders are not known to be gone two seconds
        later. An ordinary halt is over by then and costs no beat."""
        account = await self.account()
        if account is None:
            return None
        try:
            why, since = await sync_to_async(unwanted_since)()
            if why is None or (clock.now_ms() - since) / clock.speed() < WITHDRAWN_WITHIN_MS:
                return None
            left = await sync_to_async(self._orders_left)(account.pk)
        except DatabaseError as error:
            return f"whether all is halted is not known: {error}"
        return f"{why}, and {left} orders are not known to be gone" if left else None

    def _orders_left(self, account_id: int) -> int:
        return selectors.open_orders(account_id).filter(written_ms__gt=self.heart.swept_ms or 0).count()

    def _shards_with_orders(self, account_id: int) -> list[str]:
        """Orders that the venue has swept away since need nobody's renewal."""
        rows = selectors.open_orders(account_id).filter(written_ms__gt=self.heart.swept_ms or 0)
        return sorted(rows.order_by().values_list("shard", flat=True).distinct())

    def _taken(self) -> None:
        """Another trader uses the wallet: its light says so, and every shard that sees it withdraws and waits."""
        if not self.loop.lease.valid():
            raise Stopped  # the other one is our own successor
        raise Refused(f"another trader uses the wallet {self.wallet}: its heartbeat is not ours")

    async def _set_up_and_work(self) -> None:
        """Once the heart beats: approvals, then the light that lets shards trade, then whatever is planned."""
        await self._beating.wait()
        self.say(Hold.CHECKING, "setting approvals")
        while (why := await self.approvals.turn()) is not None:
            self.say(Hold.CHECKING, why)
            await asyncio.sleep(self._pause_s(Ms(clock.now_ms() + WORK_MS)))
        self.say(Hold.HELD, "")
        log.info("wallet held", wallet=self.wallet, fence=self.fence, event_type="startup")
        while True:
            try:
                await self._turn()
            except DatabaseError as error:
                log.error("wallet's rows not read or written", error=str(error), event_type="error")
            except FenceLost as error:
                raise Stopped from error
            await self.checks.turn(None if self._account is None else self._account.pk)
            await asyncio.sleep(self._pause_s(Ms(clock.now_ms() + WORK_MS)))

    async def _turn(self) -> None:
        account = await self.account()
        if account is not None:
            await self.approvals.record(account.pk, name_of(self.wallet), self.fence)
            await self._worker(account).turn()

    def _worker(self, account: Account) -> WalletWork:
        if self._work is None:
            self._work = WalletWork(
                self.relay,
                account_id=account.pk,
                fence_name=name_of(self.wallet),
                fence=self.fence,
                quota=self.quota,
                now=clock.now_ms,
            )
        return self._work

    async def account(self) -> Account | None:
        """The wallet's account; ``None`` until a shard has opened it."""
        if self._account is None:
            found = await sync_to_async(selectors.account_of)(
                mode=settings.POLYLOLY.mode.value, name=self.wallet
            )
            self._account = found
        return self._account

    def say(self, hold: Hold, why: str) -> None:
        since = self._light.since_ms if hold is self._light.hold else clock.now_ms()
        self._light = WalletLight(hold, why, self.fence, since, self.heart.beaten_ms)

    async def show(self) -> None:
        """Keep the light on."""
        while True:
            await self.publish()
            await asyncio.sleep(PUBLISH_MS / 1000)

    async def publish(self) -> None:
        """Say now how it stands. Who lost the lease says nothing more: the light is its successor's."""
        if not self.loop.lease.valid():
            return
        why = self._silence() if self._light.hold is Hold.HELD else self._light.why
        light = WalletLight(self._light.hold, why, self.fence, self._light.since_ms, self.heart.beaten_ms)
        try:
            await wallet_light.publish(self.wallet, light)
        except RedisError as error:
            log.warning("wallet's light not set", wallet=self.wallet, error=str(error))

    def _silence(self) -> str:
        """Why the venue hears no heartbeat, empty while it does."""
        if self._late:
            return f"no heartbeat: silent {', '.join(self._late)}"
        if self._stopped is not None:
            return f"no heartbeat, so that the venue sweeps: {self._stopped}"
        if not self.heart.beats:
            return f"no heartbeat: {self.heart.stage.value}"
        silent_ms = clock.now_ms() - (self.heart.beaten_ms or 0)
        return f"no heartbeat was answered for {silent_ms // 1000} s" if silent_ms > SILENT_MS else ""

    async def dim(self, showing: asyncio.Task[None]) -> None:
        await aio.end(showing)
        if not self.loop.lease.valid():
            return
        try:
            await wallet_light.put_out(self.wallet)
        except RedisError as error:
            log.info("wallet's light not put out, it fades by itself", error=str(error))

    async def _until_stopped(self) -> None:
        await self.loop.stop.wait()
        raise Stopped

    def _pause_s(self, until: Ms) -> float:
        """Real seconds to wait for a moment of the clock, within bounds."""
        real_ms = float((until - clock.now_ms()) / clock.speed())
        return min(max(real_ms, TURN_REAL_LEAST_MS), TURN_REAL_MS) / 1000


def unwanted_since() -> tuple[str | None, Ms]:
    """Why no order of ours may rest at the venue, and since when; ``None`` while one may. Touches the database."""
    if settings.POLYLOLY.needs_arming and armed_now() is None:
        return "not armed", risk.disarmed_ms() or Ms(0)
    halt = risk.halt_in_force()
    return (None, Ms(0)) if halt is None else ("halted", halt.asked_ms)


class Stopped(Exception):
    """Ends the keeper's tasks when it is told to stop."""


def _answer(heard: object) -> Answer:
    """The venue's word as the heart reads it."""
    if not isinstance(heard, Beat):
        return Unheard(str(getattr(heard, "reason", heard)))
    if heard.accepted:
        return Beaten(heard.id)
    return Mismatched(heard.id or None)
