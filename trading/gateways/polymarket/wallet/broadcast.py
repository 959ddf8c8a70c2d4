"""An EOA's way to the chain: transactions it signs, sends and pays gas for, one call each."""

from collections.abc import Sequence
from typing import Any, Final, cast

from eth_account.signers.local import LocalAccount
from polymarket._internal.actions.data import list_activity_spec
from polymarket._internal.environment import EnvironmentConfig
from polymarket._internal.eoa.rpc import JsonRpcClient
from polymarket.calls import TransactionCall
from polymarket.clients._transport import AsyncTransport
from polymarket.errors import PolymarketError

from core.ids import MarketId
from core.units import Shares
from trading.gateways.polymarket.wallet.answers import (
    Answer,
    Confirmed,
    Failed,
    Outcome,
    Pending,
    Refused,
    Submitted,
    Unanswered,
)
from trading.gateways.polymarket.wallet.refusals import judged, reason_of, unsettled

REVERTED: Final = "the transaction reverted"


class BroadcastWallet:
    """Transactions of an EOA. A nonce is used up by a transaction that reverts too."""

    def __init__(
        self, account: LocalAccount, *, config: EnvironmentConfig, data: AsyncTransport, node: AsyncTransport
    ) -> None:
        self._account = account
        self._config = config
        self._data = data
        self._node = node
        self._rpc = JsonRpcClient(node)

    async def nonce(self) -> str:
        """Raises ``PolymarketError``."""
        return str(await self._rpc.eth_get_transaction_count(self._account.address, "pending"))

    async def submit(self, calls: Sequence[TransactionCall], nonce: str) -> Answer:
        """Send the calls with this nonce and those after it; the last one's hash is the answer.

        Stops at the first that is not taken.
        """
        answer: Answer = Refused("nothing to send", None)
        for number, call in enumerate(calls):
            answer = await self._send(call, int(nonce) + number)
            if not isinstance(answer, Submitted):
                return answer if number == 0 else Unanswered("only the first of several calls were sent")
        return answer

    async def outcome(self, transaction_id: str) -> Outcome:
        try:
            receipt = await self._rpc.eth_get_transaction_receipt(transaction_id)
        except PolymarketError as error:
            return Unanswered(reason_of(error))
        if receipt is None:
            return Pending(transaction_id)
        status = receipt.get("status")
        if status not in ("0x0", "0x1"):
            return Unanswered(f"{transaction_id} has a receipt with status {status!r}")
        return Confirmed(transaction_id) if status == "0x1" else Failed(REVERTED, nonce_used=True)

    async def landed_since(self, nonce: str, market_id: MarketId, shares: Shares) -> str | Unanswered | None:
        """Once the nonce is used it never says ``None``: what used it is told by the indexer, later or never."""
        try:
            used = await self._rpc.eth_get_transaction_count(self._account.address, "pending")
            if used <= int(nonce):
                return None
            return await self._told(int(nonce), market_id, shares)
        except PolymarketError as error:
            return Unanswered(reason_of(error))

    async def _send(self, call: TransactionCall, nonce: int) -> Answer:
        try:
            gas_price = await self._rpc.eth_gas_price()
            gas = await self._rpc.eth_estimate_gas(
                {"from": self._account.address, "to": call.to, "value": hex(call.value), "data": call.data}
            )
        except PolymarketError as error:
            return unsettled(error)
        transaction = {
            "to": call.to,
            "value": call.value,
            "data": call.data,
            "gas": gas,
            "gasPrice": gas_price,
            "nonce": nonce,
            "chainId": self._config.chain_id,
        }
        signed = self._account.sign_transaction(cast(Any, transaction))
        try:
            return Submitted(await self._rpc.eth_send_raw_transaction("0x" + signed.raw_transaction.hex()))
        except PolymarketError as error:
            return judged(error)

    async def _told(self, nonce: int, market_id: MarketId, shares: Shares) -> str | Unanswered:
        """The merge of so many shares of this market, or its redemption, that was sent with this nonce."""
        spec = list_activity_spec(
            user=self._account.address, condition_id=market_id, activity_types=["MERGE", "REDEEM"]
        )
        page = spec.parse_page(await self._data.get_json(spec.path, params=spec.base_params))
        for row in page.items:
            amount, tx_hash = getattr(row, "amount", None), row.transaction_hash
            merged = row.type == "MERGE" and amount is not None and amount * 1_000_000 == shares
            fits = merged or row.type == "REDEEM"
            if fits and tx_hash is not None and await self._nonce_of(tx_hash) == nonce:
                return str(tx_hash)
        return Unanswered("the nonce is used and the indexer does not say by what")

    async def _nonce_of(self, transaction_hash: str) -> int | None:
        asked = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "eth_getTransactionByHash",
            "params": [transaction_hash],
        }
        answer = await self._node.post_json("", json=asked)
        found = answer.get("result") if isinstance(answer, dict) else None
        said = found.get("nonce") if isinstance(found, dict) else None
        try:
            return int(said, 16) if isinstance(said, str) else None
        except ValueError:
            return None
