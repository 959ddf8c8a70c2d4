"""The keys that open the relayer: builder keys, made through the CLOB, and relayer API keys.

A builder key signs each request (``POLY_BUILDER_*``, an HMAC like the CLOB's); a relayer API key is only
shown, with the address it belongs to (``RELAYER_API_KEY*``). On the venue the second kind is made by hand on
its website; here ``issue_relayer_key`` stands for that hand.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from secrets import token_bytes, token_hex
from typing import Final
from uuid import uuid4

from aiohttp import web

from core.units import Ms
from simulator.chain.addresses import address
from simulator.clob.clock import CLOCK

KEYS_MAX: Final = 100  # of each kind and address (the relayer's OpenAPI says so for its own)
WINDOW_MS: Final = Ms(60_000)  # a builder's timestamp may be off by; as for the CLOB's keys


@dataclass(frozen=True, slots=True)
class BuilderKey:
    name: str
    eoa: str
    secret: str = field(repr=False)
    passphrase: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RelayerKey:
    eoa: str
    made_ms: Ms
    name: str = field(repr=False)


class RelayerDoor:
    """Who may come in."""

    def __init__(self) -> None:
        self._builders: dict[str, BuilderKey] = {}
        self._relayer_keys: dict[str, RelayerKey] = {}

    def create_builder(self, eoa: str) -> BuilderKey | None:
        """A new key; ``None`` when the address has as many as it may."""
        if len(self.builders_of(eoa)) >= KEYS_MAX:
            return None
        made = BuilderKey(
            name=str(uuid4()),
            eoa=address(eoa),
            secret=urlsafe_b64encode(token_bytes(32)).decode(),
            passphrase=token_hex(32),
        )
        self._builders[made.name] = made
        return made

    def builders_of(self, eoa: str) -> list[BuilderKey]:
        return [key for key in self._builders.values() if key.eoa == eoa]

    def revoke(self, key: BuilderKey) -> None:
        del self._builders[key.name]

    def issue_relayer_key(self, eoa: str, now_ms: Ms) -> RelayerKey:
        key = RelayerKey(eoa=address(eoa), made_ms=now_ms, name=str(uuid4()))
        self._relayer_keys[key.name] = key
        return key

    def relayer_keys_of(self, eoa: str) -> list[RelayerKey]:
        return [key for key in self._relayer_keys.values() if key.eoa == eoa]

    async def caller(self, request: web.Request) -> str | None:
        """The address whose key opened the door for this request; ``None`` keeps it shut."""
        shown = request.headers.get("RELAYER_API_KEY")
        if shown is None:
            builder = await self.builder(request)
            return None if builder is None else builder.eoa
        key = self._relayer_keys.get(shown)
        claimed = request.headers.get("RELAYER_API_KEY_ADDRESS", "")
        return key.eoa if key is not None and key.eoa.lower() == claimed.lower() else None

    async def builder(self, request: web.Request) -> BuilderKey | None:
        """The builder key that signed exactly this request."""
        headers = request.headers
        key = self._builders.get(headers.get("POLY_BUILDER_API_KEY", ""))
        stamp = headers.get("POLY_BUILDER_TIMESTAMP", "")
        if key is None or not _timely(stamp, request.app[CLOCK].told_ms()):
            return None
        message = f"{stamp}{request.method}{request.path}".encode() + await request.read()
        expected = urlsafe_b64encode(hmac.digest(urlsafe_b64decode(key.secret), message, sha256)).decode()
        proven = hmac.compare_digest(headers.get("POLY_BUILDER_SIGNATURE", "").encode(), expected.encode())
        known = hmac.compare_digest(
            headers.get("POLY_BUILDER_PASSPHRASE", "").encode(), key.passphrase.encode()
        )
        return key if proven and known else None


def _timely(stamp: str, now_ms: Ms) -> bool:
    counted = stamp.isascii() and stamp.isdecimal() and len(stamp) <= 20
    return counted and abs(int(stamp) * 1_000 - now_ms) <= WINDOW_MS


RELAYER_DOOR: Final = web.AppKey("relayer_door", RelayerDoor)
