"""What an answer to an order means: accepted, refused, a repeat, or no answer at all.

Sources: polymarket.md 3.2, 3.4, 3.12, 10. The rule that costs money when broken: only words that prove the order is
*not* at the venue make a ``Refused``. Everything else is ``Unanswered``, and the order's id, known before it was
sent, is asked for.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec
from msgspec.json import Decoder

from core import units
from core.answers import RejectCode
from core.ids import OrderId
from core.units import Ms
from core.windows import MODE_OF
from trading.gateways.polymarket.wire import PostAnswer, excerpt

RETRY_AFTER_MAX_MS: Final = Ms(120_000)  # post-only mode lasts two minutes; nobody asks for more


class PostStatus(StrEnum):
    LIVE = "live"
    MATCHED = "matched"
    DELAYED = "delayed"
    UNMATCHED = "unmatched"  # marketable, not matched, rests on the book: accepted all the same
    UNSAID = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The order is at the venue.

    ``made`` and ``taken`` are millionths of what the order gives and gets, matched at once; ``None`` where the
    answer did not say it in figures that can be true. Fills are told by trades, never by these.
    """

    order_id: OrderId
    status: PostStatus
    made: int | None
    taken: int | None
    trade_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """The order is not at the venue and will not be. ``retry_after_ms``: when the venue wants to be asked again."""

    code: RejectCode
    text: str
    retry_after_ms: Ms | None


@dataclass(frozen=True, slots=True)
class Duplicated:
    """The very same bytes had landed before. What became of them is not said."""

    text: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Nobody knows. ``closed_ms``: when we stopped listening on that connection, by ``infra.clock``."""

    reason: str
    closed_ms: Ms


@dataclass(frozen=True, slots=True)
class Again:
    """The same bytes may be sent again after ``wait_ms`` (``None``: back off by our own measure).

    ``otherwise`` is what it means when they are not.
    """

    otherwise: Refused | Unanswered
    wait_ms: Ms | None


PostOutcome = Accepted | Refused | Duplicated | Unanswered


@dataclass(frozen=True, slots=True)
class CancelOutcome:
    """Per id, what the venue did. An id in neither part was not spoken of."""

    canceled: tuple[OrderId, ...]
    not_canceled: Mapping[OrderId, str]


@dataclass(frozen=True, slots=True)
class Beat:
    """The id our next heartbeat must name. ``accepted`` is false when the venue expected another than ours was."""

    id: str
    accepted: bool


WHOLE: Final = re.compile(r"-?[0-9]{1,9}")

SIGNATURE: Final = re.compile(
    r"0x[0-9a-fA-F]{80,}"
)  # longer than any id: a venue may repeat what it was sent

# First match wins, in lower case. Refusals only: what these words come with never reached the book.
WORDS: Final = (
    ("order crosses book", RejectCode.POST_ONLY_WOULD_CROSS),
    ("crosses the book", RejectCode.POST_ONLY_WOULD_CROSS),
    ("not enough balance", RejectCode.NOT_ENOUGH_BALANCE),
    ("balance is not enough", RejectCode.NOT_ENOUGH_BALANCE),
    ("insufficient balance", RejectCode.NOT_ENOUGH_BALANCE),
    ("allowance is not enough", RejectCode.NOT_ENOUGH_BALANCE),
    ("tick size", RejectCode.OFF_TICK),
    ("lower than the minimum", RejectCode.BELOW_MINIMUM),
    ("min size", RejectCode.BELOW_MINIMUM),
    ("below minimum", RejectCode.BELOW_MINIMUM),
    ("post-only mode", RejectCode.POST_ONLY_MODE),
    ("not yet ready", RejectCode.NOT_READY),
    ("rate limit", RejectCode.RATE_LIMITED),
    ("too many requests", RejectCode.RATE_LIMITED),
    ("cancel-only", RejectCode.CANCEL_ONLY),
    ("trading is currently disabled", RejectCode.TRADING_OFF),
    ("trading is disabled", RejectCode.TRADING_OFF),
    ("filled or killed", RejectCode.NOT_FILLED),
    ("no orders found to match", RejectCode.NOT_FILLED),
    ("closed only mode", RejectCode.UNTRADABLE),
    ("address banned", RejectCode.UNTRADABLE),
    ("maker address not allowed", RejectCode.UNTRADABLE),
    ("no orderbook exists", RejectCode.UNTRADABLE),
    ("market not found", RejectCode.UNTRADABLE),
    ("unauthorized", RejectCode.UNAUTHORIZED),
    ("invalid api key", RejectCode.UNAUTHORIZED),
)
DUPLICATED: Final = "duplicated"
TIMED_OUT: Final = "order timed out"  # documented as rejected before the book: the same bytes may go again
# Said with a refusing status, and still no proof that the order is not there (polymarket.md 3.4).
NO_PROOF: Final = ("context canceled", "match delayed", "delaying the order")
RESTARTING: Final = 425
TOO_MANY: Final = 429
DISABLED: Final = 503
# A proxy between says these about its own waiting, not about the order.
NO_ANSWER: Final = frozenset({408, 499})


class _Beat(msgspec.Struct):
    heartbeat_id: str


_POST: Final = Decoder(PostAnswer)
_POSTS: Final = Decoder(list[PostAnswer])


def reject_code(text: str) -> RejectCode:
    """What kind of refusal the venue's words are."""
    lower = text.lower()
    return next((code for words, code in WORDS if words in lower), RejectCode.OTHER)


def whole(text: str) -> int | None:
    """A header's whole number, with or without a minus; ``None`` for anything else, and for one beyond reason."""
    return int(text) if WHOLE.fullmatch(text) else None


def retry_after(header: str | None, answer: PostAnswer | None) -> Ms | None:
    """When to ask again: the header in whole seconds, else the body's figure. A date or nonsense is not said."""
    seconds: int | None = None
    if header is not None:
        seconds = whole(header.strip())
    if seconds is None and answer is not None:
        seconds = answer.retry_after_seconds
    return None if seconds is None or seconds < 0 else Ms(min(seconds * 1000, RETRY_AFTER_MAX_MS))


def read_post(
    status: int, body: bytes, *, retry_header: str | None, maker_amount: int, closed_ms: Ms
) -> Accepted | Refused | Duplicated | Unanswered | Again:
    """Judge one answer to ``POST /order``. ``maker_amount``: what the order gives, in millionths."""
    answer = _decoded(body)
    wait = retry_after(retry_header, answer)
    said = _said(answer, body)
    closed = closed_to_all(status, body, retry_header=retry_header)
    if closed is not None:
        return closed
    if status == TOO_MANY:
        return Again(Refused(RejectCode.RATE_LIMITED, said or "too many requests", wait), wait)
    if DUPLICATED in said.lower():
        return Duplicated(said)
    unclear = Unanswered(f"HTTP {status}: {said or 'nothing that says what became of it'}", closed_ms)
    if any(words in said.lower() for words in NO_PROOF):
        return unclear
    if status >= 500:
        return Again(unclear, wait) if TIMED_OUT in said.lower() else unclear
    if 200 <= status < 300:
        return unclear if answer is None else _judge(answer, maker_amount, unclear)
    if status in NO_ANSWER:
        return unclear
    return Refused(reject_code(said), said or f"HTTP {status}", wait)


def closed_to_all(status: int, body: bytes, *, retry_header: str | None) -> Refused | None:
    """The answer of a venue that takes no orders, or only some, from anybody now; cancels hear it too. ``None``: it
    is not that. Nothing is sent again for it: that is decided anew when it is over (``core.windows``)."""
    answer = _decoded(body)
    said, wait = _said(answer, body), retry_after(retry_header, answer)
    if status == RESTARTING:
        return Refused(RejectCode.RESTARTING, said or "the venue restarts", wait)
    code = reject_code(said)
    # A bare 503 may be a proxy's. With these words it is documented as refused before the book (polymarket.md 10).
    if status == DISABLED and answer is not None and code in MODE_OF:
        return Refused(code, said, wait)
    return None


def _judge(answer: PostAnswer, maker_amount: int, unclear: Unanswered) -> Accepted | Refused | Unanswered:
    """A 200. Accepted only with success, no error and an id; ``success: true`` may come with an error (0.7)."""
    error = SIGNATURE.sub("0x(hidden)", answer.errorMsg or answer.error_msg or answer.error or "")
    order_id = answer.orderID or answer.orderId
    if error and answer.success and order_id:
        return unclear  # an error and an id: never seen, and no proof of anything
    if error:
        return Refused(reject_code(error), error, retry_after(None, answer))
    if answer.success and order_id:
        made, taken = amounts(answer, maker_amount)
        return Accepted(OrderId(order_id), _status(answer.status), made, taken, tuple(answer.tradeIDs or ()))
    if answer.success is False and not order_id:
        return Refused(RejectCode.OTHER, "refused without a reason", None)
    return unclear


def amounts(answer: PostAnswer, maker_amount: int) -> tuple[int | None, int | None]:
    """Made and taken in millionths. The documents say fixed-point, both SDKs decimals (polymarket.md 3.2).

    Decimals, unless what was made would then be more than the order gives and the bare figure would not.
    """
    made, taken = _micro(answer.makingAmount), _micro(answer.takingAmount)
    if made is None or taken is None:
        return None, None
    if made <= maker_amount:
        return made, taken
    if made % 1_000_000 == 0 and taken % 1_000_000 == 0 and made // 1_000_000 <= maker_amount:
        return made // 1_000_000, taken // 1_000_000
    return None, None


def read_posts(body: bytes) -> list[PostAnswer] | None:
    """The answers to ``POST /orders``, in the order of the request; ``None`` when they cannot be read."""
    try:
        return _POSTS.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None


def read_beat(status: int, body: bytes) -> Beat | None:
    """The answer to a heartbeat, accepted or not; ``None`` when it is neither."""
    if status not in (200, 400):
        return None
    try:
        found = msgspec.json.decode(body, type=_Beat)
    except (msgspec.DecodeError, RecursionError):
        return None
    return Beat(found.heartbeat_id, accepted=status == 200)


def _decoded(body: bytes) -> PostAnswer | None:
    try:
        return _POST.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None


def _said(answer: PostAnswer | None, body: bytes) -> str:
    if answer is None:
        return SIGNATURE.sub("0x(hidden)", excerpt(body))
    words = SIGNATURE.sub("0x(hidden)", answer.errorMsg or answer.error_msg or answer.error or "")
    code = str(answer.code) if answer.code is not None else ""
    return f"{words} ({code})" if code and code.lower() not in words.lower() else words


def _status(text: str | None) -> PostStatus:
    """An unknown word on an accepted order says nothing about where it stands."""
    try:
        return PostStatus((text or "").lower())
    except ValueError:
        return PostStatus.UNSAID


def _micro(text: str | None) -> int | None:
    if not text:
        return 0
    try:
        return units.micro(text)
    except ValueError:
        return None
