"""Who is asking: the signature of a wallet (L1) or the HMAC of an API key (L2) (polymarket.md 2)."""

import binascii
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Final

from aiohttp import web

from core.units import Ms
from simulator.chain.addresses import address
from simulator.clob import eip712
from simulator.clob.clock import CLOCK
from simulator.clob.keys import KEYS, ApiKey
from simulator.clob.refusals import BAD_KEY, BAD_SIGN_IN, Refused

# The venue publishes no figure; "usually about a minute" (py-clob-client issue 190).
WINDOW_MS: Final = Ms(60_000)


async def key_of(request: web.Request) -> ApiKey:
    """The API key that made this request. Raises ``Refused`` unless the HMAC covers exactly these bytes."""
    headers = request.headers
    key = request.app[KEYS].by_api_key(headers.get("POLY_API_KEY", ""))
    stamp = headers.get("POLY_TIMESTAMP", "")
    if key is None or not _timely(request, stamp):
        raise Refused(401, BAD_KEY)
    message = f"{stamp}{request.method}{request.rel_url.raw_path}".encode() + await request.read()
    expected = urlsafe_b64encode(hmac.digest(urlsafe_b64decode(key.secret), message, sha256)).decode()
    proven = (
        hmac.compare_digest(headers.get("POLY_SIGNATURE", "").encode(), expected.encode())
        and hmac.compare_digest(headers.get("POLY_PASSPHRASE", "").encode(), key.passphrase.encode())
        and headers.get("POLY_ADDRESS", "").lower() == key.eoa.lower()
    )
    if not proven:
        raise Refused(401, BAD_KEY)
    return key


def wallet_of(request: web.Request) -> tuple[str, int]:
    """The EOA that signed this request, checksummed, and its nonce. Raises ``Refused``."""
    headers = request.headers
    stamp, nonce = headers.get("POLY_TIMESTAMP", ""), headers.get("POLY_NONCE", "0")
    if not _timely(request, stamp) or not _is_count(nonce):
        raise Refused(401, BAD_SIGN_IN)
    try:
        claimed = address(headers.get("POLY_ADDRESS", ""))
        signature = bytes.fromhex(headers.get("POLY_SIGNATURE", "").removeprefix("0x"))
    except (ValueError, binascii.Error):
        raise Refused(401, BAD_SIGN_IN) from None
    if eip712.signed_in(claimed, stamp, int(nonce), signature) != claimed:
        raise Refused(401, BAD_SIGN_IN)
    return claimed, int(nonce)


def _timely(request: web.Request, stamp: str) -> bool:
    return _is_count(stamp) and request.app[CLOCK].is_near(int(stamp) * 1_000, WINDOW_MS)


def _is_count(text: str) -> bool:
    """Whether a header is a number that fits a uint256: plain digits, and not many of them."""
    return text.isascii() and text.isdecimal() and len(text) <= 20
