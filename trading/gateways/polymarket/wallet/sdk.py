"""The SDK's parts that a wallet is made of, pointed at our own addresses.

Why parts and not its client (``polymarket-client`` 0.14.0, pinned): ``AsyncSecureClient.create`` deploys a wallet
that is not there, and its gasless calls fetch a nonce by themselves, sign again with another one when the relayer
names it, and try ten times. Of two batches with one nonce the chain carries out at most one; with the nonce left to
the SDK a merge whose answer was lost could be carried out twice. Encoding, hashing and signing are the SDK's.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Final, Protocol, cast

from eth_account import Account
from eth_account.signers.local import LocalAccount
from polymarket._internal.actions.auth import create_or_derive_api_key
from polymarket._internal.environment import PRODUCTION_CONFIG, EnvironmentConfig
from polymarket._internal.hmac import build_hmac_signature
from polymarket._internal.l1_auth import sign_api_key_auth
from polymarket._internal.wallet import (
    derive_beacon_deposit_wallet_address,
    derive_uups_deposit_wallet_address,
)
from polymarket.auth import BuilderApiKey
from polymarket.clients._transport import AsyncTransport
from polymarket.errors import PolymarketError, UnexpectedResponseError
from pydantic import SecretStr

from infra import clock
from trading.gateways.polymarket.credentials import Credentials, l2_headers
from trading.gateways.polymarket.signing import POLYGON
from trading.gateways.polymarket.transport.venue_time import VenueTime

BUILDER_PATH: Final = "/auth/builder-api-key"


class WalletUrls(Protocol):
    """Where a wallet's services answer; the settings' ``Urls`` has these."""

    @property
    def clob(self) -> str: ...
    @property
    def data(self) -> str: ...
    @property
    def relayer(self) -> str: ...
    @property
    def rpc(self) -> str: ...


def config_for(urls: WalletUrls) -> EnvironmentConfig:
    """Production's contracts at our addresses."""
    return replace(
        PRODUCTION_CONFIG, clob_url=urls.clob, data_url=urls.data, relayer_url=urls.relayer, rpc_url=urls.rpc
    )


def local_account(private_key: SecretStr) -> LocalAccount:
    """The key, ready to sign. Give it only a key that ``Signer`` took: this library's errors are not ours."""
    return cast(LocalAccount, Account.from_key(private_key.get_secret_value().strip()))


def deposit_wallets(signer: str) -> tuple[str, str]:
    """Where this signer's deposit wallet may be: as a beacon proxy, and as the older kind."""
    config = PRODUCTION_CONFIG.wallet_derivation
    return (
        derive_beacon_deposit_wallet_address(signer, config),
        derive_uups_deposit_wallet_address(signer, config),
    )


class AskedTime:
    """The venue's seconds, asked for as the SDK asks. Signed requests are judged by them, and our clock may be off."""

    def __init__(self, clob: AsyncTransport) -> None:
        self._clob = clob
        self._time = VenueTime()

    async def learn(self) -> None:
        """Ask ``/time``. Raises ``PolymarketError``."""
        asked_ms = clock.now_ms()
        said = await self._clob.get_json("/time")
        if not isinstance(said, int) or isinstance(said, bool):
            raise UnexpectedResponseError("/time is not a number")
        self._time.learn(said, asked_ms=asked_ms, heard_ms=clock.now_ms())

    async def learn_again(self) -> None:
        """Ask once more; without an answer what was learned before still holds."""
        with suppress(PolymarketError):
            await self.learn()

    def seconds(self) -> int:
        return self._time.seconds(clock.now_ms())


class BuilderDoor:
    """A builder key of our own: what opens the relayer when no relayer key was given.

    Made with the wallet's API key when the wallet is opened, revoked when it is closed.
    """

    def __init__(self, clob: AsyncTransport, time: AskedTime) -> None:
        self._clob = clob
        self._time = time
        self._key: BuilderApiKey | None = None

    async def open(self, account: LocalAccount) -> None:
        """Sign in and make a key. Raises ``PolymarketError``."""
        attested = sign_api_key_auth(account, chain_id=POLYGON, timestamp=self._time.seconds())
        ours = await create_or_derive_api_key(self._clob, attested)
        credentials = Credentials(ours.key, ours.secret, ours.passphrase)
        headers = l2_headers(
            account.address, credentials, at_s=self._time.seconds(), method="POST", path=BUILDER_PATH
        )
        made = await self._clob.post_json(BUILDER_PATH, headers=headers)
        parts = [
            made.get(name) if isinstance(made, dict) else None for name in ("key", "secret", "passphrase")
        ]
        if not all(isinstance(part, str) for part in parts):
            raise UnexpectedResponseError("the answer holds no builder key")
        self._key = BuilderApiKey(*cast(list[str], parts))

    async def close(self) -> None:
        """Revoke it. Raises ``PolymarketError``."""
        if self._key is not None:
            headers = await self.headers("DELETE", BUILDER_PATH, None)
            self._key = None
            await self._clob.delete_json(BUILDER_PATH, headers=headers)

    async def headers(self, method: str, path: str, body: str | None) -> Mapping[str, str]:
        """What opens the relayer for one request. Nothing before ``open``."""
        if self._key is None:
            return {}
        at_s = self._time.seconds()
        signature = build_hmac_signature(
            secret=self._key.secret, timestamp=at_s, method=method, path=path, body=body
        )
        return {
            "POLY_BUILDER_API_KEY": self._key.key,
            "POLY_BUILDER_PASSPHRASE": self._key.passphrase,
            "POLY_BUILDER_SIGNATURE": signature,
            "POLY_BUILDER_TIMESTAMP": str(at_s),
        }
