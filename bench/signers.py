"""The same order signed by the venue's two own clients: our bytes against theirs in tests, time in ``make bench``."""

import json
from functools import cache
from typing import Any, Final, cast

from eth_account import Account
from eth_account.signers.local import LocalAccount
from polymarket._internal.actions.orders.orders import create_signed_order
from polymarket._internal.actions.orders.post import _build_send_order_payload
from polymarket._internal.actions.orders.typed_data import build_order_signature, build_order_typed_data
from polymarket._internal.actions.orders.types import BYTES32_ZERO, UnsignedOrder
from polymarket.models.types import TokenId as SdkTokenId
from polymarket.types import EvmAddress, HexString
from py_clob_client_v2.order_utils import ExchangeOrderBuilderV2, SignatureTypeV2
from py_clob_client_v2.order_utils import Side as OlderSide
from py_clob_client_v2.order_utils.model.order_data_v2 import OrderV2, SignedOrderV2, order_to_json_v2
from py_clob_client_v2.signer import Signer as OlderSigner

from core.ids import Side
from trading.gateways.polymarket.signing import CONTRACTS, POLYGON, Exchange, Unsigned

OLDER_SIDES: Final = {Side.BUY: OlderSide.BUY, Side.SELL: OlderSide.SELL}


def sdk_account(key: str) -> LocalAccount:
    """The key as ``polymarket-client`` holds it."""
    account: LocalAccount = Account.from_key(key)
    return account


def sdk_body(unsigned: Unsigned, account: LocalAccount, owner: str, *, post_only: bool) -> bytes:
    """What ``polymarket-client`` posts for this order."""
    version, contract = CONTRACTS[unsigned.exchange]
    order = UnsignedOrder(
        chain_id=POLYGON,
        builder=BYTES32_ZERO,
        exchange_address=EvmAddress(contract),
        expiration=0,
        maker=EvmAddress(unsigned.maker),
        maker_amount=unsigned.maker_amount,
        metadata=BYTES32_ZERO,
        order_type="GTC",
        salt=unsigned.salt,
        side="BUY" if unsigned.side is Side.BUY else "SELL",
        signature_type=unsigned.signature_type,
        signer=EvmAddress(unsigned.signer),
        taker_amount=unsigned.taker_amount,
        timestamp=unsigned.timestamp,
        token_id=cast(SdkTokenId, unsigned.token_id),
        protocol_version="3" if version == "3" else "2",
    )
    signed = account.sign_typed_data(full_message=build_order_typed_data(order))
    signature = build_order_signature(order, HexString("0x" + signed.signature.hex()))
    payload = _build_send_order_payload(
        create_signed_order(order, signature, post_only=post_only), owner_api_key=owner
    )
    return json.dumps(payload, separators=(",", ":")).encode()


@cache
def older_builder(key: str, exchange: Exchange) -> ExchangeOrderBuilderV2:
    """``py-clob-client-v2``'s signer for one contract."""
    version, contract = CONTRACTS[exchange]
    return ExchangeOrderBuilderV2(contract, POLYGON, OlderSigner(key, POLYGON), domain_version=version)


def older_order(unsigned: Unsigned) -> OrderV2:
    return OrderV2(
        salt=str(unsigned.salt),
        maker=unsigned.maker,
        signer=unsigned.signer,
        tokenId=unsigned.token_id,
        makerAmount=str(unsigned.maker_amount),
        takerAmount=str(unsigned.taker_amount),
        side=OLDER_SIDES[unsigned.side],
        signatureType=SignatureTypeV2(unsigned.signature_type),
        timestamp=str(unsigned.timestamp),
        metadata=BYTES32_ZERO,
        builder=BYTES32_ZERO,
    )


def older_body(unsigned: Unsigned, key: str, owner: str, *, post_only: bool) -> dict[str, Any]:
    """What ``py-clob-client-v2`` posts for this order."""
    builder = older_builder(key, unsigned.exchange)
    order = older_order(unsigned)
    signature = builder.build_order_signature(builder.build_order_typed_data(order))
    signed = SignedOrderV2(**vars(order), signature=signature)
    body: dict[str, Any] = order_to_json_v2(signed, owner, "GTC", post_only=post_only)
    return body


def older_order_id(unsigned: Unsigned, key: str) -> str:
    """The order's id as ``py-clob-client-v2`` computes it."""
    builder = older_builder(key, unsigned.exchange)
    found: str = builder.build_order_hash(builder.build_order_typed_data(older_order(unsigned)))
    return found
