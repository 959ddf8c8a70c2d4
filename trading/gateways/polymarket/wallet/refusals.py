"""What an error of the SDK means for a call that changes something: certainly not done, or nobody knows.

Only three things are certain: a refusal in so many words, a quota, and a connection that never came about.
Everything else may have happened on the other side (polymarket.md 10).
"""

import re
from typing import Final

import httpx
from polymarket.errors import PolymarketError, RateLimitError, RequestRejectedError

from trading.gateways.polymarket.wallet.answers import Refused, Unanswered

REASON_MAX: Final = 200
BUSY_MS: Final = 2_000
QUOTA_MS: Final = 10_000
QUOTA_MAX_S: Final = 120  # its quota is of a minute; whoever asks for more is not believed
NO_CONNECTION_MS: Final = 1_000
STRANGER_MS: Final = 5_000  # to have the venue's time and perhaps the key again

# The relayer's words, as the SDK knows them too (its relayer/submit.py).
BUSY: Final = re.compile(r"wallet busy.*active action|wallet has in-flight action", re.IGNORECASE)
NONCE_USED: Final = re.compile(r"batch nonce\s+(\d+)\s+does not match on-chain nonce\s+(\d+)", re.IGNORECASE)
# What a node says of a transaction that is there already, or of one whose nonce is used.
ALREADY_THERE: Final = re.compile(
    r"nonce too low|already known|already imported|replacement transaction underpriced", re.IGNORECASE
)
NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


def judged(error: PolymarketError | TimeoutError) -> Refused | Unanswered:
    """What a failed submission came to."""
    reason = reason_of(error)
    if isinstance(error, RateLimitError):
        wait_s = error.retry_after
        asked = wait_s is not None and 0 <= wait_s <= QUOTA_MAX_S  # false for NaN
        return Refused(reason, round(wait_s * 1_000) if wait_s is not None and asked else QUOTA_MS)
    if isinstance(error.__cause__, NEVER_SENT):
        return Refused(reason, NO_CONNECTION_MS)
    if not isinstance(error, RequestRejectedError) or error.status >= 500 or "context canceled" in reason:
        return Unanswered(reason)
    if BUSY.search(reason):
        return Refused(reason, BUSY_MS)
    if error.status in (401, 403, 408, 425):
        return Refused(reason, STRANGER_MS)
    if ALREADY_THERE.search(reason):
        return Unanswered(reason)
    used = NONCE_USED.search(reason)
    if used is not None and int(used[1]) < int(used[2]):
        # Whatever used this nonce was most likely this very action, sent before.
        return Unanswered(reason)
    return Refused(reason, None)


def unsettled(error: PolymarketError | TimeoutError) -> Refused:
    """What it means that a question failed which had to be asked before anything could be sent."""
    return Refused(reason_of(error), NO_CONNECTION_MS)


def reason_of(error: BaseException) -> str:
    """In words short enough for a row. Bodies of answers are cut, requests never shown."""
    status = getattr(error, "status", None)
    name = type(error).__name__ if status is None else f"{type(error).__name__} {status}"
    return f"{name}: {error}"[:REASON_MAX]
