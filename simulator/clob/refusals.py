"""Answers and refusals as the venue words them (polymarket.md 3.12), and the frame every door stands in."""

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from functools import wraps
from typing import Final

import msgspec
from aiohttp import web

from core.units import text

BAD_KEY: Final = "Unauthorized/Invalid api key"
BAD_SIGN_IN: Final = "Invalid L1 Request headers"
BAD_PAYLOAD: Final = "Invalid order payload"
NOT_THE_OWNER: Final = "the order owner has to be the owner of the API KEY"
NOT_THE_SIGNER: Final = "the order signer address has to be the address of the API KEY"
MAKER_NOT_ALLOWED: Final = "maker address not allowed, please use the deposit wallet flow"
VERSION_MISMATCH: Final = "order_version_mismatch"
BAD_SIGNATURE: Final = "invalid signature"
BAD_EXPIRATION: Final = "invalid expiration"
NOT_READY: Final = "the market is not yet ready to process new orders"
WOULD_CROSS: Final = "invalid post-only order: order crosses book"
FOK_NOT_FILLED: Final = "order couldn't be fully filled. FOK orders are fully filled or killed."
FAK_NO_MATCH: Final = (
    "no orders found to match with FAK order. FAK orders are partially filled or killed if no match is found."
)
NOT_ENOUGH: Final = "not enough balance / allowance"
TOO_MANY: Final = "Too Many Requests"
BAD_ID: Final = "Invalid token id"
NO_BOOK: Final = "No orderbook exists for the requested token id"
NO_MARKET: Final = "market not found"
NO_ORDER: Final = "Order not found"

Door = Callable[[web.Request], Awaitable[web.Response]]

# The venue writes some amounts as JSON numbers. A ``Decimal`` leaves as one, digit by digit.
_encode = msgspec.json.Encoder(decimal_format="number").encode


class Refused(Exception):
    """A request the venue refuses: its HTTP status, its words, and what stands beside them."""

    def __init__(
        self,
        status: int,
        words: str,
        *,
        beside: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(words)
        self.status = status
        self.words = words
        self.beside = dict(beside or {})
        self.headers = dict(headers or {})


def answer(body: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(body=_encode(body), status=status, headers=headers, content_type="application/json")


def door(handler: Door) -> Door:
    """Let a door refuse by raising."""

    @wraps(handler)
    async def within(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except Refused as refusal:
            body = {"error": refusal.words, **refusal.beside}
            return answer(body, status=refusal.status, headers=refusal.headers)

    return within


def number(value: int, places: int) -> Decimal:
    """An integer of 10**-places units as the JSON number the venue writes."""
    return Decimal(text(value, places))
