"""The venue's public REST reads: one token's whole book, and whether the venue is there at all."""

from typing import Final

import httpx

from core.ids import TokenId

TIMEOUT_S: Final = 3.0  # a later answer is no answer to a silent book (core.trust)
ANSWER_BYTES_MAX: Final = 4 * 1024 * 1024


class BookUnanswered(Exception):
    """The venue did not give the book. What we hold stays unconfirmed."""


def client() -> httpx.AsyncClient:
    """One per loop; close it. Keeps connections, so that a resync costs one round trip."""
    return httpx.AsyncClient(timeout=TIMEOUT_S, headers={"accept": "application/json"})


async def fetch_book(http: httpx.AsyncClient, clob_url: str, token: TokenId) -> bytes:
    """The body of ``GET /book``, for ``Parser.parse``. Raises ``BookUnanswered``."""
    try:
        answer = await http.get(f"{clob_url}/book", params={"token_id": token})
    except httpx.HTTPError as error:
        raise BookUnanswered(f"GET /book: {type(error).__name__}: {error}") from error
    if answer.status_code != 200:
        raise BookUnanswered(f"GET /book: {answer.status_code} {answer.text[:200]}")
    if len(answer.content) > ANSWER_BYTES_MAX:
        raise BookUnanswered(f"GET /book: {len(answer.content)} bytes")
    return answer.content


async def is_up(http: httpx.AsyncClient, clob_url: str) -> bool:
    """Whether ``GET /ok`` answers."""
    try:
        return (await http.get(f"{clob_url}/ok")).status_code == 200
    except httpx.HTTPError:
        return False
