"""The road to the venue's order book: exact bytes out, typed outcomes back, nothing raised for the network.

What may be repeated is repeated here (polymarket.md 10): the same bytes after a 429 and a documented "order timed
out", reads always. A restart's 425 and its like are told and not waited for: no order leaves until they are over.
An order nobody answered for is never sent twice by this module: it is ``Unanswered``.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from random import Random
from typing import Final

import msgspec

from core.answers import RejectCode, WindowTold
from core.ids import MarketId, OrderId, TokenId
from core.units import Ms
from core.windows import MODE_OF
from infra import aio, logs
from infra import clock as infra_clock
from trading.gateways.polymarket import answers
from trading.gateways.polymarket.answers import (
    Again,
    CancelOutcome,
    PostOutcome,
    Refused,
    Unanswered,
)
from trading.gateways.polymarket.credentials import Credentials, Keyless, read_credentials
from trading.gateways.polymarket.reading import read_cancels
from trading.gateways.polymarket.signing import Signed, Signer
from trading.gateways.polymarket.transport.budget import (
    CANCELS_A_S,
    CANCELS_BURST,
    ORDERS_A_S,
    ORDERS_BURST,
    Bucket,
)
from trading.gateways.polymarket.transport.caller import Answer, Caller, Lost, NeverSent
from trading.gateways.polymarket.transport.lanes import Flight, Lanes, Letter
from trading.gateways.polymarket.transport.reads import Reads
from trading.gateways.polymarket.wire import Unreadable, excerpt

ORDER: Final = "/order"
ORDER_WITHIN_S: Final = 5.0
CANCEL_WITHIN_S: Final = 5.0
START_WITHIN_S: Final = 5.0
ORDER_LIFE_MS: Final = 5_000  # real; the same bytes do not leave again later than this
ORDER_SENDS_MAX: Final = 8
CANCEL_TRIES: Final = 3
CANCEL_WAIT_MS: Final = 3_000
CANCELS_A_CALL: Final = 1_000
START_TRIES: Final = 6
TIME_EVERY_S: Final = 10.0  # also keeps a connection open: a cancel must not wait for a handshake
AGAIN_FIRST_MS: Final = 1_000
AGAIN_CAP_MS: Final = 30_000

log = logs.get("trading")


class NotReady(Exception):
    """The venue did not let us in: no answer, or no API key for this wallet."""


def allow() -> str | None:
    """Nothing forbids sending the same bytes again."""
    return None


def unheard(told: WindowTold) -> None:
    """Nobody here sends orders."""


class Transport(Reads):
    """One signer's connections to the CLOB. Call ``start`` first; ``close`` it. One event loop.

    ``window_told`` hears at once when an answer says that the venue takes no orders, or only some; set it.

    Bounds: an order is answered within 10 s (its life and one answer), a cancel within 21 s, a read within 30 s.
    Cancelling the caller's task cancels the request and nothing else.
    """

    def __init__(
        self,
        base_url: str,
        signer: Signer | Keyless,
        *,
        credentials: Credentials | None = None,
        clock: Callable[[], Ms] = infra_clock.now_ms,
        chance: Random | None = None,
        orders: Bucket | None = None,
        order_within_s: float = ORDER_WITHIN_S,
        again_first_ms: int = AGAIN_FIRST_MS,
    ) -> None:
        caller = Caller(base_url, signer, clock=clock)
        super().__init__(caller, signature_type=signer.signature_type, chance=chance or Random())
        caller.credentials = credentials
        self._orders = orders or Bucket(ORDERS_A_S, ORDERS_BURST)
        self._cancels = Bucket(CANCELS_A_S, CANCELS_BURST)
        self._order_within_s = order_within_s
        self._again_first_ms = again_first_ms
        self._lanes = Lanes(base_url, self._ping)
        self._keeping: list[asyncio.Task[None]] = []
        self.window_told: Callable[[WindowTold], None] = unheard

    @property
    def credentials(self) -> Credentials:
        """The API key in use. Raises ``NotReady`` before ``start``."""
        if self._caller.credentials is None:
            raise NotReady("no API key yet: the transport was not started")
        return self._caller.credentials

    async def start(self, *, orders: bool = False) -> None:
        """Ask the time, get the API key, and with ``orders`` keep lanes open for them. Raises ``NotReady``."""
        waits = self._waits()
        why = "not tried"
        for attempt in range(START_TRIES):
            if attempt:
                log.warning("venue not ready", event_type="source_lost", why=why, attempt=attempt)
                await asyncio.sleep(next(waits) / 1000)
            if not await self.renew_time():
                why = "GET /time was not answered"
                continue
            if self._caller.credentials is not None:
                break
            found = await self._api_key()
            if isinstance(found, Credentials):
                self._caller.credentials = found
                break
            why = found
        else:
            raise NotReady(why)
        self._own(self._keep(), "venue time")
        if orders:
            await self._lanes.open()
            self._own(self._lanes.keep(self._chance), "order lanes")

    async def close(self) -> None:
        await aio.end(*self._keeping)
        await self._lanes.close()
        await self._caller.close()

    def letter(self, signed: Signed) -> Letter | None:
        """The order's request, made ahead; ``None`` before ``start``."""
        proof = self._caller.proof("POST", ORDER, signed.body)
        if proof is None:
            return None
        headers = self._caller.headers("POST", proof.headers, signed.body)
        return Letter("POST", ORDER, headers, signed.body, at_s=proof.at_s)

    def send(self, letter: Letter) -> None:
        """Hand an order's request to a socket now, where it is still of use, a lane is free and our budget allows it.

        Whether it left or not, ``post`` must be awaited with it: it follows the letter, or sends the order itself.
        """
        lane = self._lanes.free() if self._caller.is_fresh(letter.at_s) else None
        if lane is not None and self._orders.take() is None:
            self._lanes.send(lane, letter)

    async def post(
        self, signed: Signed, *, letter: Letter | None = None, allowed: Callable[[], str | None] = allow
    ) -> PostOutcome:
        """Send an order, unless its ``letter`` has left already. ``allowed`` is asked before the same bytes leave
        again; a reason stops that.
        """
        flight = None if letter is None else letter.flight
        over = self._orders.take() if flight is None else None
        if over is not None:
            return Refused(RejectCode.NOT_SENT, "our own budget of orders is used up", over)
        began = infra_clock.monotonic_ms()
        waits = self._waits()
        doubt: Unanswered | None = None
        renewed = False
        for _ in range(ORDER_SENDS_MAX):
            outcome = await self._post_once(signed, flight)
            flight = None
            if isinstance(outcome, _Unauthorised):
                timely = not renewed and await self.renew_time() and _in_time(began)
                if not timely or not await self._may_resend(signed, 0, allowed):
                    return doubt or outcome.refused
                renewed = True
                continue
            if not isinstance(outcome, Again):
                return _without_doubt(outcome, doubt)
            if isinstance(outcome.otherwise, Unanswered):
                doubt = outcome.otherwise
            wait_ms = next(waits) if outcome.wait_ms is None else outcome.wait_ms
            if not _in_time(began, wait_ms) or not await self._may_resend(signed, wait_ms, allowed):
                return doubt or outcome.otherwise
        return doubt or Refused(RejectCode.RATE_LIMITED, f"refused {ORDER_SENDS_MAX} times", None)

    async def cancel(self, ids: Sequence[OrderId]) -> CancelOutcome | Unanswered:
        """Cancel by id, up to 1,000 at once. Asked again when not answered, so an order may be "already canceled"."""
        if not ids:
            return CancelOutcome((), {})
        if len(ids) == 1:
            body = msgspec.json.encode({"orderID": ids[0]})
            return await self._cancel("/order", body, permits=1, ids=ids)
        if len(ids) > CANCELS_A_CALL:
            raise ValueError(f"{len(ids)} ids in one cancel, the venue takes {CANCELS_A_CALL}")
        return await self._cancel("/orders", msgspec.json.encode(list(ids)), permits=len(ids), ids=ids)

    async def cancel_all(self) -> CancelOutcome | Unanswered:
        """Cancel every open order of this API key, whoever placed it."""
        return await self._cancel_many("/cancel-all", b"")

    async def cancel_market(
        self, market: MarketId, token: TokenId | None = None
    ) -> CancelOutcome | Unanswered:
        """Cancel every open order of this API key in one market."""
        wish = {"market": market} | ({"asset_id": token} if token is not None else {})
        return await self._cancel_many("/cancel-market-orders", msgspec.json.encode(wish))

    async def _cancel_many(self, path: str, body: bytes) -> CancelOutcome | Unanswered:
        """The venue counts one and each order it cancelled (polymarket.md 10)."""
        outcome = await self._cancel(path, body, permits=1)
        if isinstance(outcome, CancelOutcome):
            self._cancels.spend(len(outcome.canceled))
        return outcome

    async def _post_once(
        self, signed: Signed, flight: Flight | None
    ) -> "PostOutcome | Again | _Unauthorised":
        within_s = self._order_within_s
        if flight is None:
            answer = await self._caller.by_key("POST", ORDER, body=signed.body, within_s=within_s)
        else:
            answer = await flight.answer(within_s=within_s)
        now = self._caller.clock()
        if isinstance(answer, NeverSent):
            return Refused(RejectCode.NOT_SENT, answer.reason, None)
        if isinstance(answer, Lost):
            return Unanswered(answer.reason, now)
        outcome = answers.read_post(
            answer.status,
            answer.body,
            retry_header=answer.retry_header,
            maker_amount=signed.maker_amount,
            closed_ms=now,
        )
        _heed(self._orders, answer, outcome.wait_ms if isinstance(outcome, Again) else None)
        if isinstance(outcome, Refused):
            self._tell_window(outcome, now)
        if answer.status == 401 and isinstance(outcome, Refused):
            return _Unauthorised(outcome)
        return outcome

    async def _may_resend(self, signed: Signed, wait_ms: int, allowed: Callable[[], str | None]) -> bool:
        await asyncio.sleep(wait_ms / 1000)
        why = allowed()
        if why is None and self._orders.take() is not None:
            why = "our own budget of orders is used up"
        log.info(
            "order again",
            event_type="order_placed",
            order_id=signed.order_id,
            waited_ms=wait_ms,
            not_sent=why,
        )
        return why is None

    async def _cancel(
        self, path: str, body: bytes, *, permits: int, ids: Sequence[OrderId] = ()
    ) -> CancelOutcome | Unanswered:
        if not await self._cancels.wait(permits, within_ms=CANCEL_WAIT_MS):
            return Unanswered("our own budget of cancels is used up", self._caller.clock())
        waits = aio.back_off(self._chance)
        why = ""
        for attempt in range(CANCEL_TRIES):
            if attempt:
                await asyncio.sleep(next(waits) / 1000)
            answer = await self._caller.by_key("DELETE", path, body=body, within_s=CANCEL_WITHIN_S)
            if not isinstance(answer, Answer):
                why = answer.reason
                continue
            _heed(self._cancels, answer, None)
            if 200 <= answer.status < 300:
                told = read_cancels(answer.body)
                if not isinstance(told, Unreadable):
                    return CancelOutcome(tuple(told.canceled or ()), dict(told.not_canceled or {}))
                why = f"answer not understood: {told.reason}"
            elif answer.status == 400 and ids:
                return CancelOutcome((), dict.fromkeys(ids, excerpt(answer.body)))
            else:
                why = f"HTTP {answer.status}: {excerpt(answer.body)}"
                self._tell_window(
                    answers.closed_to_all(answer.status, answer.body, retry_header=answer.retry_header),
                    self._caller.clock(),
                )
            if answer.status == 401:
                await self.renew_time()
        return Unanswered(why, self._caller.clock())

    def _tell_window(self, refused: Refused | None, now: Ms) -> None:
        """Say it when the venue takes no orders, or only some, from anybody."""
        if refused is not None and refused.code in MODE_OF:
            mode = MODE_OF[refused.code]
            self.window_told(WindowTold(mode, refused.retry_after_ms, refused.text, now))

    async def _api_key(self) -> Credentials | str:
        """Create the wallet's API key, or derive it when there is one. A text says why there is none."""
        made = await self._caller.by_wallet("POST", "/auth/api-key", within_s=START_WITHIN_S)
        found = read_credentials(made.body) if isinstance(made, Answer) and made.status < 300 else None
        if found is not None:
            return found
        derived = await self._caller.by_wallet("GET", "/auth/derive-api-key", within_s=START_WITHIN_S)
        if not isinstance(derived, Answer):
            return f"no API key: {derived.reason}"
        found = read_credentials(derived.body) if derived.status < 300 else None
        return found or f"no API key: HTTP {derived.status}"

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(TIME_EVERY_S)
            await self.renew_time()

    def _own(self, keeping: Coroutine[None, None, None], name: str) -> None:
        """Until ``close``. Orders leave without it too, later: so it is said when it ends by itself, and no more."""
        task = asyncio.create_task(keeping, name=name)
        task.add_done_callback(_tell_end)
        self._keeping.append(task)

    def _ping(self) -> Letter:
        return Letter("GET", "/time", self._caller.headers("GET", {}, b""), b"", at_s=0)

    def _waits(self) -> Iterator[int]:
        return aio.back_off(self._chance, first_ms=self._again_first_ms, cap_ms=AGAIN_CAP_MS)


class _Unauthorised:
    """A 401 before the order was looked at: our clock may be off, so the time is asked once."""

    __slots__ = ("refused",)

    def __init__(self, refused: Refused) -> None:
        self.refused = refused


def _tell_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("connections no longer kept", event_type="error", task=task.get_name(), error=repr(error))


def _in_time(began_ms: int, wait_ms: int = 0) -> bool:
    """Whether bytes that first left at ``began_ms``, real, may leave again after a wait."""
    return infra_clock.monotonic_ms() - began_ms + wait_ms <= ORDER_LIFE_MS


def _without_doubt(outcome: PostOutcome, doubt: Unanswered | None) -> PostOutcome:
    """A refusal of bytes that may have landed before says nothing about the first time."""
    if doubt is None or not isinstance(outcome, Refused):
        return outcome
    return Unanswered(f"{doubt.reason}, then refused: {outcome.text}", doubt.closed_ms)


def _heed(bucket: Bucket, answer: Answer, wait_ms: Ms | None) -> None:
    """Count as the venue counts."""
    if answer.remaining is not None:
        bucket.told(answer.remaining)
    if answer.status == answers.TOO_MANY:
        bucket.shut(wait_ms or answers.retry_after(answer.retry_header, None) or AGAIN_FIRST_MS)
