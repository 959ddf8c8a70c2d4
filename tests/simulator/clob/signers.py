"""Somebody who trades through the REST door: signs with the official SDK's code, sends with plain HTTP."""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from typing import Any, Final

import aiohttp
from eth_account import Account
from eth_account.messages import encode_typed_data
from py_clob_client_v2.order_utils.exchange_order_builder_v2 import ExchangeOrderBuilderV2
from py_clob_client_v2.order_utils.model.order_data_v2 import OrderV2
from py_clob_client_v2.order_utils.model.side import Side as SdkSide
from py_clob_client_v2.order_utils.model.signature_type_v2 import SignatureTypeV2
from py_clob_client_v2.signer import Signer as SdkSigner

from core.ids import Outcome
from simulator.sheets import Sheet

CHAIN: Final = 137
CONTRACTS: Final = {
    ("v1", False): "0xE111180000d2663C0091e4f400237545B87B996B",
    ("v1", True): "0xe2222d279d744050d28e00520010520000310F59",
    ("v2", False): "0xe3333700cA9d93003F00f0F71f8515005F6c00Aa",
    ("v2", True): "0xe3333700cA9d93003F00f0F71f8515005F6c00Aa",
}
ZERO: Final = "0x" + "00" * 32
KEYS: Final = (f"0x{number:064x}" for number in count(0xA11CE))
SALTS: Final = count(1_000)


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass(slots=True)
class Trader:
    """One private key at the venue. ``now_s`` is what its own clock shows."""

    http: aiohttp.ClientSession
    now_s: int
    key: str = field(default_factory=lambda: next(KEYS))
    credentials: dict[str, str] = field(default_factory=dict)

    @property
    def eoa(self) -> str:
        return str(Account.from_key(self.key).address)

    async def sign_in(self, *, method: str = "POST", nonce: int = 0) -> Reply:
        """Create (or with GET derive) an API key and keep it."""
        path = "/auth/api-key" if method == "POST" else "/auth/derive-api-key"
        reply = await self.call(method, path, headers=self.l1_headers(nonce))
        if reply.status == 200:
            self.credentials = reply.body
        return reply

    def l1_headers(self, nonce: int = 0, *, signed_s: int | None = None) -> dict[str, str]:
        stamp = self.now_s if signed_s is None else signed_s
        types = {
            "EIP712Domain": [
                {"name": "name", "type": "string"},
                {"name": "version", "type": "string"},
                {"name": "chainId", "type": "uint256"},
            ],
            "ClobAuth": [
                {"name": "address", "type": "address"},
                {"name": "timestamp", "type": "string"},
                {"name": "nonce", "type": "uint256"},
                {"name": "message", "type": "string"},
            ],
        }
        message = {
            "address": self.eoa,
            "timestamp": str(stamp),
            "nonce": nonce,
            "message": "This message attests that I control the given wallet",
        }
        typed = encode_typed_data(
            full_message={
                "types": types,
                "primaryType": "ClobAuth",
                "domain": {"name": "ClobAuthDomain", "version": "1", "chainId": CHAIN},
                "message": message,
            }
        )
        signature = Account.sign_message(typed, private_key=self.key).signature.hex()
        return {
            "POLY_ADDRESS": self.eoa,
            "POLY_SIGNATURE": "0x" + signature.removeprefix("0x"),
            "POLY_TIMESTAMP": str(stamp),
            "POLY_NONCE": str(nonce),
        }

    def l2_headers(self, method: str, path: str, body: str = "", **instead: str) -> dict[str, str]:
        stamp = instead.get("POLY_TIMESTAMP", str(self.now_s))
        message = f"{stamp}{method}{path}{body}".encode()
        digest = hmac.digest(urlsafe_b64decode(self.credentials["secret"]), message, sha256)
        headers = {
            "POLY_ADDRESS": self.eoa,
            "POLY_SIGNATURE": urlsafe_b64encode(digest).decode(),
            "POLY_TIMESTAMP": stamp,
            "POLY_API_KEY": self.credentials["apiKey"],
            "POLY_PASSPHRASE": self.credentials["passphrase"],
        }
        return {**headers, **instead}

    async def call(
        self, method: str, path: str, *, body: str = "", headers: Mapping[str, str] | None = None
    ) -> Reply:
        sent = body.encode() if body else None
        async with self.http.request(method, path, data=sent, headers=headers) as response:
            return Reply(response.status, await response.json(), dict(response.headers))

    async def get(self, path: str) -> Reply:
        return await self.call("GET", path, headers=self.l2_headers("GET", path.partition("?")[0]))

    async def send(self, method: str, path: str, body: object = None) -> Reply:
        text = "" if body is None else json.dumps(body, separators=(",", ":"))
        return await self.call(method, path, body=text, headers=self.l2_headers(method, path, text))

    async def post(self, order: dict[str, Any]) -> Reply:
        return await self.send("POST", "/order", order)

    def order(
        self,
        sheet: Sheet,
        said: str,
        *,
        wallet: str | None = None,
        kind: str = "GTC",
        post_only: bool = False,
        expiration: str = "0",
        contract: tuple[str, bool] | None = None,
        **instead: Any,
    ) -> dict[str, Any]:
        """``buy yes 10000000 for 4800000``: shares and money in base units; with a wallet signed for it (type 3)."""
        side, outcome, shares, _, money = said.split()
        amounts = (money, shares) if side == "buy" else (shares, money)
        signed = signed_order(
            self.key,
            maker=wallet or self.eoa,
            signature_type=0 if wallet is None else 3,
            token_id=sheet.token(Outcome(outcome)),
            amounts=amounts,
            side=side,
            contract=contract or (sheet.terms.version, sheet.terms.neg_risk),
            timestamp=str(self.now_s * 1_000),
            expiration=expiration,
        )
        return {
            "order": {**signed, **instead},
            "owner": self.credentials["apiKey"],
            "orderType": kind,
            "deferExec": False,
            "postOnly": post_only,
        }


def signed_order(
    key: str,
    *,
    maker: str,
    signature_type: int,
    token_id: str,
    amounts: tuple[str, str],
    side: str,
    contract: tuple[str, bool],
    timestamp: str,
    salt: int | None = None,
    expiration: str = "0",
) -> dict[str, Any]:
    """The wire form of an order that py-clob-client-v2 built and signed."""
    version, _ = contract
    builder = ExchangeOrderBuilderV2(
        CONTRACTS[contract], CHAIN, SdkSigner(key, CHAIN), domain_version="3" if version == "v2" else "2"
    )
    order = OrderV2(
        salt=str(next(SALTS) if salt is None else salt),
        maker=maker,
        signer=maker,
        tokenId=token_id,
        makerAmount=amounts[0],
        takerAmount=amounts[1],
        side=SdkSide.BUY if side == "buy" else SdkSide.SELL,
        signatureType=SignatureTypeV2(signature_type),
        timestamp=timestamp,
        metadata=ZERO,
        builder=ZERO,
    )
    typed = builder.build_order_typed_data(order)
    return {
        "salt": int(order.salt),
        "maker": maker,
        "signer": maker,
        "tokenId": token_id,
        "makerAmount": amounts[0],
        "takerAmount": amounts[1],
        "side": side.upper(),
        "expiration": expiration,
        "signatureType": signature_type,
        "timestamp": timestamp,
        "metadata": ZERO,
        "builder": ZERO,
        "signature": builder.build_order_signature(typed),
    }
