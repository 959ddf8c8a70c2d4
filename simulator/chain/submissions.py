"""What ``POST /submit`` is asked and when it is refused, in the relayer's words.

The order of the checks is the relayer's as far as its answers show it: payload, wallet, deadline, a wallet that
is busy, the nonce, the signature. All of them come before anything is done.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

import msgspec
from aiohttp import web

from core.units import Ms
from simulator.chain import batches
from simulator.chain.accounts import Chain, Wallet
from simulator.chain.addresses import DEPOSIT_WALLET_FACTORY, Kind, address
from simulator.chain.batches import Batch
from simulator.chain.calls import RawCall
from simulator.chain.derivation import deposit_wallet
from simulator.chain.transactions import Relayed, Transactions

SUBMITS_MAX: Final = 25
QUOTA_MS: Final = Ms(60_000)
METADATA_MAX: Final = 500


class Call(msgspec.Struct):
    target: str
    value: str
    data: str


class DepositWalletParams(msgspec.Struct, rename="camel"):
    deposit_wallet: str
    deadline: str
    calls: list[Call]


class Submit(msgspec.Struct, rename="camel"):
    """``POST /submit`` for a deposit wallet: WALLET carries a batch, WALLET-CREATE deploys."""

    type: str
    from_: str = msgspec.field(name="from")
    to: str
    nonce: str = ""
    signature: str = ""
    metadata: str = ""
    deposit_wallet_params: DepositWalletParams | None = None


_submits = msgspec.json.Decoder(Submit)


class RelayerRefused(Exception):
    """An answer that is not 200, in the relayer's words."""

    def __init__(self, status: int, words: str, *, retry_after_s: int | None = None) -> None:
        super().__init__(words)
        self.status = status
        self.words = words
        self.retry_after_s = retry_after_s


class Quota:
    """Submits per caller in the last minute."""

    def __init__(self) -> None:
        self._taken: dict[str, deque[Ms]] = {}

    def take(self, caller: str, now_ms: Ms) -> int | None:
        """Count one. Seconds to wait when there is none left, ``None`` when it was taken."""
        taken = self._taken.setdefault(caller, deque(maxlen=SUBMITS_MAX))
        while taken and taken[0] <= now_ms - QUOTA_MS:
            taken.popleft()
        if len(taken) == SUBMITS_MAX:
            return -(-(taken[0] + QUOTA_MS - now_ms) // 1_000)
        taken.append(now_ms)
        return None


@dataclass(frozen=True, slots=True)
class Desk:
    """What the doors share."""

    chain: Chain
    transactions: Transactions
    quota: Quota

    @property
    def now_ms(self) -> Ms:
        return self.chain.world.now_ms


DESK: Final = web.AppKey("relayer_desk", Desk)


def taken(desk: Desk, body: bytes) -> Relayed:
    """The transaction a request asks for. Raises ``RelayerRefused``."""
    try:
        asked = _submits.decode(body)
        return _creation(desk, asked) if asked.type == "WALLET-CREATE" else _batch(desk, asked)
    except (msgspec.DecodeError, ValueError) as error:
        raise RelayerRefused(400, "invalid transaction request payload") from error


def _batch(desk: Desk, asked: Submit) -> Relayed:
    """Check a batch in the relayer's order. Raises ``RelayerRefused`` or ``ValueError`` (payload)."""
    params = asked.deposit_wallet_params
    if asked.type != "WALLET" or params is None or not params.calls or len(asked.metadata) > METADATA_MAX:
        raise RelayerRefused(400, "invalid transaction request payload")
    if address(asked.to) != DEPOSIT_WALLET_FACTORY:
        raise RelayerRefused(400, "bad request")
    batch = Batch(
        wallet=address(params.deposit_wallet),
        nonce=int(asked.nonce),
        deadline=int(params.deadline),
        calls=tuple(
            RawCall(address(call.target), int(call.value), bytes.fromhex(call.data.removeprefix("0x")))
            for call in params.calls
        ),
    )
    wallet = _wallet_for(desk, batch.wallet, address(asked.from_))
    if batch.deadline * 1_000 < desk.now_ms:
        raise RelayerRefused(400, "deadline expired")
    busy = desk.transactions.active(wallet.address)
    if busy is not None:
        raise RelayerRefused(400, f"wallet busy: active action {busy.transaction_id}")
    if batch.nonce != wallet.nonce:
        words = f"batch nonce {batch.nonce} does not match on-chain nonce {wallet.nonce}"
        raise RelayerRefused(400, words)
    signature = bytes.fromhex(asked.signature.removeprefix("0x"))
    if batches.signer(batches.digest(batch), signature) != wallet.owner:
        raise RelayerRefused(400, "invalid signature")
    return _relayed(desk, asked, wallet, batch.nonce, batch.calls)


def _creation(desk: Desk, asked: Submit) -> Relayed:
    """Deploy the signer's deposit wallet, which the first sign-in has funded."""
    owner = address(asked.from_)
    if address(asked.to) != DEPOSIT_WALLET_FACTORY:
        raise RelayerRefused(400, "bad request")
    return _relayed(desk, asked, _wallet_for(desk, deposit_wallet(owner), owner), 0, ())


def _wallet_for(desk: Desk, where: str, signer: str) -> Wallet:
    wallet = desk.chain.wallet(where)
    if wallet is None or wallet.kind is not Kind.DEPOSIT:
        raise RelayerRefused(400, "wallet not found")
    if wallet.owner != signer:
        raise RelayerRefused(400, "wallet does not belong to the signer")
    return wallet


def _relayed(
    desk: Desk, asked: Submit, wallet: Wallet, batch_nonce: int, calls: tuple[RawCall, ...]
) -> Relayed:
    return Relayed(
        transaction_id=desk.transactions.new_id(wallet.owner),
        kind=asked.type,
        owner=wallet.owner,
        wallet=wallet.address,
        nonce=batch_nonce,
        calls=calls,
        signature=asked.signature,
        metadata=asked.metadata,
        created_ms=desk.now_ms,
        moved_ms=desk.now_ms,
    )
