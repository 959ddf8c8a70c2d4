"""Hashes and signatures, against the published vectors and against what the SDK signs."""

from dataclasses import replace
from typing import Any

import pytest

from simulator.chain.addresses import address
from simulator.clob import eip712
from tests.simulator.clob.signers import signed_order

KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
EOA = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
WALLET = "0x2e234DAe75C793f67A35089C9d99245E1C58470b"
TOKEN = "107505882767731489358349912513945399560393482969656700824895970500493757150417"
MARKETS = [("v1", False), ("v1", True), ("v2", False)]
# polymarket.md 3.3: two SDKs agree on these.
VECTORS = {
    ("v1", False, 0): "4c85960ce29f83d8b47ef234ec0fa6501b64a7d12fbd46300a999b249c0ed1a0",
    ("v1", False, 3): "13f27c0729dd52d6b6ccfeae0574435002940fb9622685a1f7f9a4d73e2b5d48",
    ("v1", True, 0): "a41caaf60bf0660df77cbe940359e772edd72a03cdc4ce2c083e2ed93f924217",
    ("v1", True, 3): "eea8b4c1bc653e4ecb4e65903d14e1c00d87cb7b0ed0da688198b131a1f35272",
    ("v2", False, 0): "308ca9f874ea543996795d2d12fff6bb5c16e923b98166be02efe0c709f48a34",
    ("v2", False, 3): "ebb64fd228b55f16344ce92d969653f5c8f96b8e0dd8bbeb3c83fff53c5c04ec",
}


def terms(signature_type: int) -> eip712.Terms:
    maker = bytes.fromhex((EOA if signature_type == 0 else WALLET)[2:])
    return eip712.Terms(
        salt=479249096354,
        maker=maker,
        signer=maker,
        token_id=int(TOKEN),
        maker_amount=5_200_000,
        taker_amount=10_000_000,
        side=0,
        signature_type=signature_type,
        timestamp=1_713_398_400_000,
        metadata=bytes(32),
        builder=bytes(32),
    )


def signature(signature_type: int, market: tuple[str, bool]) -> bytes:
    signed: dict[str, Any] = signed_order(
        KEY,
        maker=EOA if signature_type == 0 else WALLET,
        signature_type=signature_type,
        token_id=TOKEN,
        amounts=("5200000", "10000000"),
        side="buy",
        contract=market,
        timestamp="1713398400000",
        salt=479249096354,
    )
    return bytes.fromhex(signed["signature"].removeprefix("0x"))


@pytest.mark.parametrize(("version", "neg_risk", "signature_type"), list(VECTORS))
def test_an_order_has_the_published_id(version: str, neg_risk: bool, signature_type: int) -> None:
    domain = eip712.exchange_domain(version=version, neg_risk=neg_risk)

    order_id = eip712.digest(domain, eip712.order_hash(terms(signature_type)))

    assert order_id.hex() == VECTORS[(version, neg_risk, signature_type)]


@pytest.mark.parametrize("market", MARKETS, ids=str)
def test_the_signer_is_read_off_the_signature_of_an_sdk(market: tuple[str, bool]) -> None:
    domain = eip712.exchange_domain(version=market[0], neg_risk=market[1])

    assert eip712.signed_by(terms(0), domain, signature(0, market)) == EOA
    assert eip712.wallet_signed_by(terms(3), domain, signature(3, market)) == EOA


def test_a_wallets_signature_is_317_bytes() -> None:
    assert eip712.WRAPPED_BYTES == len(signature(3, MARKETS[0])) == 317


@pytest.mark.parametrize("market", MARKETS[1:], ids=str)
def test_a_signature_for_another_contract_proves_nothing(market: tuple[str, bool]) -> None:
    domain = eip712.exchange_domain(version="v1", neg_risk=False)

    assert eip712.signed_by(terms(0), domain, signature(0, market)) != EOA
    assert eip712.wallet_signed_by(terms(3), domain, signature(3, market)) is None


@pytest.mark.parametrize("signature_type", [0, 3])
def test_one_changed_field_breaks_the_signature(signature_type: int) -> None:
    domain = eip712.exchange_domain(version="v1", neg_risk=False)
    signed, genuine = signature(signature_type, MARKETS[0]), terms(signature_type)
    check = eip712.signed_by if signature_type == 0 else eip712.wallet_signed_by
    others = [
        replace(genuine, salt=1),
        replace(genuine, token_id=1),
        replace(genuine, maker_amount=1),
        replace(genuine, taker_amount=1),
        replace(genuine, side=1),
        replace(genuine, timestamp=1),
        replace(genuine, metadata=bytes([1] * 32)),
        replace(genuine, builder=bytes([1] * 32)),
        replace(genuine, maker=bytes(20)),
        replace(genuine, signer=bytes(20)),
    ]

    assert check(genuine, domain, signed) == EOA
    assert all(check(other, domain, signed) != EOA for other in others)


@pytest.mark.parametrize("at", [0, 40, 64, 65, 100, 140, 316])
def test_one_changed_byte_breaks_a_wallets_signature(at: int) -> None:
    domain = eip712.exchange_domain(version="v1", neg_risk=False)
    spoilt = bytearray(signature(3, MARKETS[0]))
    spoilt[at] ^= 1

    signed_by = eip712.wallet_signed_by(terms(3), domain, bytes(spoilt))

    # Turning v from 27 to 28 recovers somebody, but not the owner.
    assert signed_by != EOA


@pytest.mark.parametrize("nothing", [b"", bytes(64), bytes(65), bytes(66), b"\xff" * 64 + b"\x1b"], ids=len)
def test_what_is_no_signature_is_nobodys(nothing: bytes) -> None:
    assert eip712.recovered(bytes(32), nothing) is None


def test_addresses_are_compared_in_their_checksummed_form() -> None:
    assert address(EOA.lower()) == EOA
