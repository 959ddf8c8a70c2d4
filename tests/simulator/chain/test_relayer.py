"""The relayer's doors: whom it refuses and in which words, how often it takes something, what it tells."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from aiohttp import ClientSession
from eth_account import Account
from polymarket._internal.actions.relayer.gasless import build_deposit_wallet_payload
from polymarket._internal.actions.relayer.signing.deposit_wallet import sign_deposit_wallet_batch
from polymarket.calls import TransactionCall, erc20_approval_call
from polymarket.types import EvmAddress

from core.units import Ms
from simulator.chain import addresses
from tests.simulator.chain.venues import Signing, Venue, somebody

FAR_S = 4_000_000_000


def approval(amount: int = 5) -> TransactionCall:
    return erc20_approval_call(
        token_address=EvmAddress(addresses.PUSD), spender=EvmAddress(addresses.ROUTER), amount=amount
    )


class Submitter:
    """Somebody with a relayer key, and what it submits."""

    def __init__(self, venue: Venue, session: ClientSession, who: Signing) -> None:
        self.venue, self.who = venue, who
        self._session = session
        venue.chain.fund(who.eoa)
        self.wallet = venue.chain.wallet_of(who.eoa, 3)
        key = venue.issue_relayer_key(who.eoa).get_secret_value()
        self.headers = {"RELAYER_API_KEY": key, "RELAYER_API_KEY_ADDRESS": who.eoa}

    def envelope(
        self,
        *,
        nonce: int = 0,
        deadline_s: int = FAR_S,
        calls: Sequence[TransactionCall] = (),
        signed_by: Signing | None = None,
    ) -> dict[str, Any]:
        signer = (signed_by or self.who).account
        calls = list(calls) or [approval()]
        signature = sign_deposit_wallet_batch(
            signer,
            wallet=EvmAddress(self.wallet),
            calls=calls,
            nonce=str(nonce),
            deadline=str(deadline_s),
            chain_id=137,
        )
        return dict(
            build_deposit_wallet_payload(
                signer_address=self.who.eoa,
                deposit_wallet_factory=addresses.DEPOSIT_WALLET_FACTORY,
                wallet=EvmAddress(self.wallet),
                calls=calls,
                nonce=str(nonce),
                deadline=str(deadline_s),
                signature=signature,
                metadata="a note",
            )
        )

    async def submit(self, envelope: dict[str, Any], **headers: str) -> tuple[int, dict[str, Any]]:
        url = f"{self.venue.base}/submit"
        async with self._session.post(url, json=envelope, headers=self.headers | headers) as answer:
            return answer.status, await answer.json()

    async def get(self, path: str, **params: str) -> tuple[int, Any]:
        url = f"{self.venue.base}{path}"
        async with self._session.get(url, params=params, headers=self.headers) as answer:
            return answer.status, await answer.json()


@pytest.fixture
async def submitter(venue: Venue) -> AsyncIterator[Submitter]:
    async with ClientSession() as session:
        yield Submitter(venue, session, somebody())


async def test_a_batch_goes_from_new_to_confirmed_and_uses_its_nonce(submitter: Submitter) -> None:
    _, taken = await submitter.submit(submitter.envelope())
    seen = [
        (await submitter.get(f"/v1/account/transactions/{taken['transactionID']}"))[1]["state"]
        for _ in range(12)
    ]

    assert taken["state"] == "STATE_NEW"
    assert list(dict.fromkeys(seen)) == ["STATE_EXECUTED", "STATE_MINED", "STATE_CONFIRMED"]
    assert submitter.venue.chain.allowance(submitter.wallet, addresses.ROUTER) == 5
    params = await submitter.get("/v1/account/transactions/params", address=submitter.who.eoa, type="WALLET")
    assert params[1]["nonce"] == "1"


async def test_what_is_wrong_with_a_batch_is_said_before_anything_is_done(submitter: Submitter) -> None:
    stranger = somebody()
    strange = Submitter(submitter.venue, submitter._session, stranger)
    foreign = submitter.envelope() | {"from": stranger.eoa}
    wrong = {
        "batch nonce 3 does not match on-chain nonce 0": submitter.envelope(nonce=3),
        "deadline expired": submitter.envelope(deadline_s=1_000),
        "invalid signature": submitter.envelope(signed_by=stranger),
        "wallet does not belong to the signer": foreign,
        "wallet not found": _at(submitter.envelope(), str(Account.create().address)),
        "invalid transaction request payload": submitter.envelope() | {"nonce": "one"},
        "bad request": submitter.envelope() | {"to": addresses.PUSD},
    }

    answers = {words: await strange.submit(envelope) for words, envelope in wrong.items()}

    assert answers == {words: (400, {"error": words}) for words in wrong}
    assert not submitter.venue.transactions.relayed


async def test_a_changed_call_breaks_the_signature(submitter: Submitter) -> None:
    envelope = submitter.envelope()
    envelope["depositWalletParams"]["calls"][0]["data"] = approval(amount=6).data

    assert await submitter.submit(envelope) == (400, {"error": "invalid signature"})


async def test_one_transaction_at_a_time(submitter: Submitter) -> None:
    _, first = await submitter.submit(submitter.envelope())

    status, refused = await submitter.submit(submitter.envelope())

    assert (status, refused["error"]) == (400, f"wallet busy: active action {first['transactionID']}")


async def test_twenty_five_a_minute(submitter: Submitter) -> None:
    statuses = [(await submitter.submit({}))[0] for _ in range(26)]
    submitter.venue.pass_ms(60_000)

    assert statuses == [400] * 25 + [429]
    assert (await submitter.submit(submitter.envelope()))[0] == 200


async def test_nobody_comes_in_with_another_ones_key(submitter: Submitter) -> None:
    shut = (401, {"error": "invalid authorization"})

    assert await submitter.submit(submitter.envelope(), RELAYER_API_KEY="none") == shut
    assert await submitter.submit(submitter.envelope(), RELAYER_API_KEY_ADDRESS=addresses.PUSD) == shut


async def test_a_batch_that_reverts_fails_whole_and_uses_no_nonce(submitter: Submitter) -> None:
    """The second call names a function the contract does not have."""
    nonsense = TransactionCall(to=EvmAddress(addresses.PUSD), data="0xdeadbeef")  # type: ignore[arg-type]
    _, taken = await submitter.submit(submitter.envelope(calls=[approval(), nonsense]))
    submitter.venue.pass_ms(5_000)

    _, rows = await submitter.get("/transaction", id=taken["transactionID"])
    _, row = await submitter.get(f"/v1/account/transactions/{taken['transactionID']}")

    assert [one["state"] for one in rows] == ["STATE_FAILED"]
    assert row["error_msg"].startswith("execution reverted: ")
    assert submitter.venue.chain.wallets[submitter.wallet].nonce == 0
    assert not submitter.venue.chain.allowed(submitter.wallet, addresses.ROUTER)
    assert not submitter.venue.transactions.receipts[row["transaction_hash"]].ok


async def test_a_wallet_can_be_deployed(submitter: Submitter) -> None:
    submitter.venue.chain.wallets[submitter.wallet].deployed = False
    before = await submitter.get("/deployed", address=submitter.wallet, type="WALLET")

    create = {"type": "WALLET-CREATE", "from": submitter.who.eoa, "to": addresses.DEPOSIT_WALLET_FACTORY}
    await submitter.submit(create)
    submitter.venue.pass_ms(Ms(3_000))

    assert before == (200, {"deployed": False})
    assert await submitter.get("/deployed", address=submitter.wallet, type="WALLET") == (
        200,
        {"deployed": True},
    )


async def test_the_list_shows_my_transactions_newest_first(submitter: Submitter) -> None:
    other = Submitter(submitter.venue, submitter._session, somebody())
    await other.submit(other.envelope())
    for nonce in range(2):
        await submitter.submit(submitter.envelope(nonce=nonce))
        submitter.venue.pass_ms(5_000)

    _, rows = await submitter.get("/transactions")

    assert [(row["nonce"], row["metadata"], row["proxyAddress"]) for row in rows] == [
        ("1", "a note", submitter.wallet),
        ("0", "a note", submitter.wallet),
    ]


def _at(envelope: dict[str, Any], wallet: str) -> dict[str, Any]:
    envelope["depositWalletParams"]["depositWallet"] = wallet
    return envelope
