"""API keys: an EOA's name, secret and passphrase at the venue (polymarket.md 2)."""

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final
from uuid import UUID

from aiohttp import web


@dataclass(frozen=True, slots=True)
class ApiKey:
    """Credentials of one EOA. Whoever shows an ``ApiKey`` shows its name and owner only.

    ``secret`` is URL-safe base64 of the bytes that key the HMAC.
    """

    name: str
    eoa: str
    nonce: int
    secret: str = field(repr=False)
    passphrase: str = field(repr=False)


class Keys:
    """All API keys. One per EOA and nonce, always the same for the life of the venue."""

    def __init__(self, seed: bytes) -> None:
        self._seed = seed
        self._by_name: dict[str, ApiKey] = {}

    def create(self, eoa: str, nonce: int) -> ApiKey | None:
        """Make the key of an EOA and nonce; ``None`` when it exists."""
        if self.derive(eoa, nonce) is not None:
            return None
        name = str(UUID(bytes=self._part("name", eoa, nonce)[:16], version=4))
        made = self._by_name[name] = ApiKey(
            name=name,
            eoa=eoa,
            nonce=nonce,
            secret=urlsafe_b64encode(self._part("secret", eoa, nonce)).decode(),
            passphrase=self._part("passphrase", eoa, nonce).hex(),
        )
        return made

    def derive(self, eoa: str, nonce: int) -> ApiKey | None:
        """The key that was made for an EOA and nonce."""
        return next((key for key in self.of(eoa) if key.nonce == nonce), None)

    def of(self, eoa: str) -> list[ApiKey]:
        return [key for key in self._by_name.values() if key.eoa == eoa]

    def by_api_key(self, name: str) -> ApiKey | None:
        return self._by_name.get(name)

    def delete(self, key: ApiKey) -> None:
        self._by_name.pop(key.name, None)

    def _part(self, what: str, eoa: str, nonce: int) -> bytes:
        return hmac.digest(self._seed, f"{what}|{eoa}|{nonce}".encode(), sha256)


KEYS: Final = web.AppKey("api_keys", Keys)
