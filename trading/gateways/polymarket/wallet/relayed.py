"""A deposit wallet's way to the chain: signed batches that the relayer carries and pays for (polymarket.md 9)."""

from collections.abc import Sequence
from typing import Final, cast

import msgspec
from eth_account.signers.local import LocalAccount
from polymarket._internal.actions.relayer.deployed import fetch_deployed
from polymarket._internal.actions.relayer.gasless import build_deposit_wallet_payload
from polymarket._internal.actions.relayer.nonce import fetch_execute_params
from polymarket._internal.actions.relayer.poll import fetch_gasless_transaction
from polymarket._internal.actions.relayer.signing.deposit_wallet import sign_deposit_wallet_batch
from polymarket._internal.actions.relayer.submit import submit_gasless
from polymarket._internal.environment import EnvironmentConfig
from polymarket._internal.eoa.rpc import JsonRpcClient
from polymarket.calls import TransactionCall
from polymarket.clients._transport import AsyncTransport
from polymarket.errors import PolymarketError, UnexpectedResponseError
from polymarket.models.clob.relayer import RelayerTransactionState, RelayerTransactionType
from polymarket.types import EvmAddress

from core.ids import MarketId
from core.units import Shares
from trading.gateways.polymarket.wallet.answers import (
    Answer,
    Confirmed,
    Failed,
    Outcome,
    Pending,
    Submitted,
    Unanswered,
)
from trading.gateways.polymarket.wallet.calls import merge_note, redeem_note
from trading.gateways.polymarket.wallet.refusals import judged, reason_of, unsettled

DEADLINE_S: Final = 600  # as the SDK's: after that the chain refuses the batch
FAILED: Final = frozenset({RelayerTransactionState.FAILED.value, RelayerTransactionState.INVALID.value})


class Listed(msgspec.Struct, rename={"transaction_id": "transactionID", "wallet": "proxyAddress"}):
    """One row of the relayer's ``/transactions``."""

    transaction_id: str
    state: str
    nonce: str = ""
    wallet: str = ""
    metadata: str = ""


class RelayedWallet:
    """One wallet's transactions. Not for use by two tasks at once: a nonce is for one batch."""

    def __init__(
        self,
        account: LocalAccount,
        wallet: str,
        *,
        config: EnvironmentConfig,
        relayer: AsyncTransport,
        rpc: JsonRpcClient,
    ) -> None:
        self._account = account
        self._wallet = cast(EvmAddress, wallet)
        self._config = config
        self._relayer = relayer
        self._rpc = rpc

    async def deployed(self) -> bool:
        """Raises ``PolymarketError``."""
        return await fetch_deployed(self._relayer, address=self._wallet, type=RelayerTransactionType.WALLET)

    async def nonce(self) -> str:
        """Raises ``PolymarketError``."""
        params = await fetch_execute_params(
            self._relayer, address=self._account.address, type=RelayerTransactionType.WALLET
        )
        return params.nonce

    async def submit(self, calls: Sequence[TransactionCall], note: str, nonce: str) -> Answer:
        """Hand over one batch, signed for this nonce and no other."""
        try:
            deadline_s = await self._rpc.eth_get_latest_block_timestamp() + DEADLINE_S
        except PolymarketError as error:
            return unsettled(error)
        signature = sign_deposit_wallet_batch(
            self._account,
            wallet=self._wallet,
            calls=list(calls),
            nonce=nonce,
            deadline=str(deadline_s),
            chain_id=self._config.chain_id,
        )
        payload = build_deposit_wallet_payload(
            signer_address=self._account.address,
            deposit_wallet_factory=self._config.wallet_derivation.deposit_wallet_factory,
            wallet=self._wallet,
            calls=list(calls),
            nonce=nonce,
            deadline=str(deadline_s),
            signature=signature,
            metadata=note,
        )
        try:
            taken = await submit_gasless(self._relayer, payload=payload)
        except PolymarketError as error:
            return judged(error)
        return Submitted(taken.transaction_id)

    async def outcome(self, transaction_id: str) -> Outcome:
        try:
            found = await fetch_gasless_transaction(self._relayer, transaction_id=transaction_id)
        except PolymarketError as error:
            return Unanswered(reason_of(error))
        if found.state in FAILED:
            return Failed(found.error_msg or f"the relayer says {found.state}")
        if found.state != RelayerTransactionState.CONFIRMED:
            return Pending(found.transaction_hash)
        if found.transaction_hash is None:
            return Unanswered(f"{transaction_id} is confirmed and has no hash")
        return Confirmed(found.transaction_hash)

    async def landed_since(self, nonce: str, market_id: MarketId, shares: Shares) -> str | Unanswered | None:
        """The transaction of this nonce that the relayer took and that did not fail.

        One that failed used no nonce: it may as well be sent again.
        """
        try:
            rows = msgspec.convert(await self._relayer.get_json("/transactions"), list[Listed])
        except PolymarketError as error:
            return Unanswered(reason_of(error))
        except msgspec.ValidationError:
            return Unanswered(reason_of(UnexpectedResponseError("/transactions is no list of transactions")))
        ours = {merge_note(market_id, shares), redeem_note(market_id)}
        for row in rows:
            same_wallet = not row.wallet or row.wallet.lower() == self._wallet.lower()
            if same_wallet and row.nonce == nonce and row.metadata in ours and row.state not in FAILED:
                return row.transaction_id
        return None
