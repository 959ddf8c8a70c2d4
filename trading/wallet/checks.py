"""Health checks that need the key. The wallet's keeper runs them in the trader and leaves what it found.

No secret is in any of these words: addresses, amounts and verdicts only.
"""

from typing import Final, Protocol

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError
from redis import RedisError

from core.ids import OrderId
from core.lifecycle import Status
from core.units import Usdc, text
from infra import clock, logs
from infra.checks import Check, Verdict, failed, passed, warned
from trading import selectors
from trading.gateways.polymarket.answers import Unanswered as VenueSilent
from trading.gateways.polymarket.wallet.answers import Unanswered as ChainSilent
from trading.gateways.polymarket.wire import BalanceAllowance, OpenOrder
from trading.health import findings
from trading.models import Order, WalletAction, WalletState
from trading.wallet import light as wallet_light
from trading.wallet.light import Hold

WALLET: Final = "wallet"
API_KEY: Final = "api key"
ACTIONS: Final = "wallet actions"
WALLET_TYPE: Final = "wallet type"
BALANCE: Final = "balance"
ALLOWANCE: Final = "allowance"
ORDER_ID: Final = "order id"
BY_KEY: Final = (API_KEY, WALLET_TYPE, BALANCE, ALLOWANCE, ORDER_ID)
EVERY_MS: Final = 30_000  # real
WAIT_S: Final = 15.0  # how long somebody who asks waits for the trader
LATE_MS: Final = 180_000  # of the clock; one is carried out within seconds
LOOK: Final = (
    "see that the relayer takes our key and the wallet's nonce is ours; the wallet page has the action"
)
LOW: Final = Usdc(10_000_000)
NOT_AT_VENUE: Final = (Status.PENDING, Status.REJECTED, Status.UNKNOWN, Status.NEVER_LANDED)
TYPES: Final = {0: "EOA", 1: "proxy", 2: "safe", 3: "deposit wallet"}

log = logs.get("wallet")


class Venue(Protocol):
    """The part of the transport that this needs."""

    async def closed_only(self) -> bool | VenueSilent: ...

    async def balance(self) -> BalanceAllowance | VenueSilent: ...

    async def order(self, order_id: OrderId) -> OpenOrder | VenueSilent | None: ...


class Chain(Protocol):
    """The part of the wallet that this needs."""

    async def cash(self) -> Usdc | ChainSilent: ...

    async def missing_approvals(self) -> tuple[str, ...] | ChainSilent: ...


class KeyChecks:
    """Asked for by the keeper between two steps of its work, every 30 s and whenever somebody asks."""

    def __init__(self, venue: Venue, chain: Chain, *, wallet: str, kind: int) -> None:
        self._venue = venue
        self._chain = chain
        self._wallet = wallet
        self._kind = kind
        self._due_ms = 0
        self._id_known = False

    async def turn(self, account_id: int | None) -> None:
        """Ask everything when it is due. Never raises for what the venue or Redis does."""
        try:
            asked = await sync_to_async(findings.asked)()
            if not asked and clock.monotonic_ms() < self._due_ms:
                return
            self._due_ms = clock.monotonic_ms() + EVERY_MS
            found = [await self._credentials(), self._type(), *await self._money()]
            await sync_to_async(findings.save)(found)
            if not self._id_known and account_id is not None:
                await self._first_order(account_id)
        except (RedisError, DatabaseError) as error:
            log.warning("checks of the wallet not kept", error=str(error))

    async def _credentials(self) -> Check:
        said = await self._venue.closed_only()
        if isinstance(said, VenueSilent):
            return failed(API_KEY, said.reason, "see the venue check; the key is made anew at the next start")
        if said:
            return failed(API_KEY, "the venue lets this account only close positions", "ask the venue why")
        return passed(API_KEY, "signed requests are answered, the account may open positions")

    def _type(self) -> Check:
        """``Wallet.open`` has derived the address from the key and found the wallet deployed."""
        name = TYPES[self._kind]
        return passed(WALLET_TYPE, f"{self._wallet} is the {name} of this key")

    async def _money(self) -> list[Check]:
        """What the book and the chain say we have, and what the contracts may move of it."""
        book, chain = await self._venue.balance(), await self._chain.cash()
        missing = await self._chain.missing_approvals()
        return [judged_balance(book, chain), judged_allowance(book, missing)]

    async def _first_order(self, account_id: int) -> None:
        """Once: is the id that we computed before sending the one that the venue knows the order by?"""
        if await sync_to_async(_id_failed)():
            self._id_known = True  # of an order since; that the first one was right does not help
            return
        order = await sync_to_async(_oldest_at_venue)(account_id)
        if order is None:
            await sync_to_async(findings.save)([passed(ORDER_ID, "no order has reached the venue yet")])
            return
        said = await self._venue.order(OrderId(order.order_id))
        if isinstance(said, VenueSilent):
            return
        found = judged_id(order, said)
        self._id_known = True
        say = log.info if found.verdict is Verdict.PASS else log.error
        say("first order's id", event_type="startup_check", verdict=found.verdict.value, detail=found.detail)
        await sync_to_async(findings.save)([found], lasts=True)


def judged_balance(book: BalanceAllowance | VenueSilent, chain: Usdc | ChainSilent) -> Check:
    """Both figures, with how they differ: trades that are not mined yet are in one and not in the other."""
    if isinstance(book, VenueSilent) or isinstance(chain, ChainSilent):
        who = book.reason if isinstance(book, VenueSilent) else str(getattr(chain, "reason", ""))
        return warned(BALANCE, f"not known: {who}", "see the venue check")
    detail = f"{text(book.micro, 6)} pUSD at the book, {text(chain, 6)} on the chain"
    if book.micro < LOW:
        return warned(BALANCE, detail, "send pUSD to the wallet: no order fits into what is left")
    return passed(BALANCE, detail)


def judged_allowance(book: BalanceAllowance | VenueSilent, missing: tuple[str, ...] | ChainSilent) -> Check:
    if isinstance(missing, ChainSilent):
        return warned(ALLOWANCE, f"not known: {missing.reason}", "see that the chain's RPC answers")
    if missing:
        return failed(
            ALLOWANCE,
            f"not approved: {', '.join(missing)}",
            "set the approvals; until then orders are refused",
        )
    if isinstance(book, BalanceAllowance) and book.allowances and not any(book.allowed.values()):
        step = "it reads the chain again by itself; restart the trader if it does not"
        return warned(ALLOWANCE, "approved on the chain, and the book does not know it yet", step)
    return passed(ALLOWANCE, "every contract that trading needs is approved")


def judged_id(order: Order, said: OpenOrder | None) -> Check:
    """The venue found the order under our id, and it is that order."""
    if said is None:
        return failed(
            ORDER_ID, f"the venue knows no order {order.order_id}", "halt: orders cannot be followed by id"
        )
    if said.id.lower() != order.order_id.lower() or said.market != order.market_id:
        return failed(
            ORDER_ID, f"asked for {order.order_id}, got {said.id}", "halt: orders cannot be followed by id"
        )
    if said.shares != order.shares or said.side.lower() != order.side:
        return failed(
            ORDER_ID, f"{order.order_id} is another order there", "halt: orders cannot be followed by id"
        )
    return passed(ORDER_ID, f"first order {order.order_id[:12]} bears the id computed before it was sent")


def judged_name(computed: OrderId, venue: OrderId) -> Check:
    """The venue took an order and called it by another id."""
    detail = f"computed {computed} before sending, the venue calls it {venue}"
    return failed(ORDER_ID, detail, "halt: after a restart its orders cannot be found by their rows")


def _id_failed() -> bool:
    found = findings.read(ORDER_ID)
    return found is not None and found.lasts and found.verdict is Verdict.FAIL


def _oldest_at_venue(account_id: int) -> Order | None:
    rows = selectors.orders(account_id).filter(sent_ms__isnull=False).exclude(status__in=NOT_AT_VENUE)
    return rows.order_by("pk").first()


def actions() -> Check:
    """Merges and redemptions that wait for long or failed, from their rows."""
    try:
        return _judged_actions()
    except DatabaseError as error:
        return failed(ACTIONS, f"unknown: {error}", "see the database check")


def _judged_actions() -> Check:
    account = selectors.account_of(**settings.POLYLOLY.account)
    if account is None:
        return passed(ACTIONS, "none yet")
    waiting = selectors.open_wallet_actions(account.pk)
    late = [row for row in waiting if clock.now_ms() - row.planned_ms >= LATE_MS]
    if late:
        return failed(ACTIONS, f"{len(late)} wait for more than {LATE_MS // 1000} s: {_told(late[0])}", LOOK)
    last = selectors.wallet_actions(account.pk).first()
    if last is not None and last.state == WalletState.FAILED:
        return warned(ACTIONS, _told(last), LOOK)
    return passed(ACTIONS, f"{len(waiting)} under way")


def _told(row: WalletAction) -> str:
    return f"{row.kind} of {row.market_id}, {row.state}: {row.reason or 'no reason told'}"


def held() -> Check:
    """Who holds the wallet, from its light."""
    wallet = settings.POLYLOLY.wallet
    if wallet is None:
        return warned(WALLET, "this process does not know which wallet it is", "set WALLET_ADDRESS")
    try:
        light = wallet_light.read(wallet)
    except RedisError as error:
        return failed(WALLET, f"unknown: {error}", "see the redis check")
    if light is None:
        return failed(WALLET, f"nobody holds {wallet}", "see that the trader runs and has the key")
    if light.hold is Hold.REFUSED:
        return failed(WALLET, light.why, "stop the other trader, or give this one another wallet")
    if light.hold is Hold.CHECKING:
        return warned(WALLET, f"{wallet} not held yet: {light.why}", "wait")
    if light.why:
        return failed(
            WALLET, light.why, "open orders are cancelled by the venue within 15 s; see the loops check"
        )
    return passed(WALLET, f"{wallet} held, its heart beats")


def ask_trader() -> None:
    """Have the trader ask again, and wait for it. Raises ``redis.RedisError``."""
    findings.until_found(BALANCE, findings.ask_now, within_s=WAIT_S)
