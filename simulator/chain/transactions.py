"""Transactions of wallets: how they are taken, when they are mined, what became of them.

Two ways lead to the chain. A deposit wallet's batch goes through the relayer, which carries one at a time per
wallet and tells its states; a batch that reverts leaves the wallet's nonce alone. An EOA sends by itself:
its nonce is used up even by a transaction that reverts, and it pays gas.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from uuid import UUID

from core.units import Ms
from simulator.chain.accounts import Chain, Wallet
from simulator.chain.addresses import DEPOSIT_WALLET_FACTORY
from simulator.chain.blocks import Receipt
from simulator.chain.calls import RawCall, Reverted
from simulator.chain.execution import Done, execute
from simulator.chance import digest

BATCH_GAS: Final = 250_000
CALL_GAS: Final = 180_000  # of an EOA's call; what estimates say as well
GAS_PRICE: Final = 30 * 10**9  # wei


class State(StrEnum):
    """Where a relayed transaction stands, in the relayer's words."""

    NEW = "STATE_NEW"
    EXECUTED = "STATE_EXECUTED"
    MINED = "STATE_MINED"
    CONFIRMED = "STATE_CONFIRMED"
    INVALID = "STATE_INVALID"
    FAILED = "STATE_FAILED"


ACTIVE: Final = frozenset({State.NEW, State.EXECUTED})


@dataclass(slots=True)
class Pace:
    """How long after it was taken a relayed transaction is broadcast, mined and confirmed, in world's time."""

    executed_ms: Ms
    mined_ms: Ms
    confirmed_ms: Ms


@dataclass(slots=True)
class Relayed:
    """A transaction the relayer took. ``kind`` is WALLET or WALLET-CREATE."""

    transaction_id: str
    kind: str
    owner: str
    wallet: str
    nonce: int
    calls: tuple[RawCall, ...]
    signature: str = field(repr=False)
    metadata: str
    created_ms: Ms
    moved_ms: Ms
    state: State = State.NEW
    tx_hash: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A transaction an EOA signed and sent. ``gas_price`` is wei per unit of gas."""

    tx_hash: str
    sender: str
    nonce: int
    gas: int
    gas_price: int
    call: RawCall
    sent_ms: Ms


@dataclass(frozen=True, slots=True)
class Happened:
    """What a mined transaction did to a wallet, for the indexer."""

    wallet: str
    done: Done
    tx_hash: str
    at_ms: Ms


class Transactions:
    """Everything on its way to the chain, and everything that arrived there."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.pace = Pace(Ms(500), Ms(2_500), Ms(4_500))
        self.relayed: dict[str, Relayed] = {}
        self.receipts: dict[str, Receipt] = {}
        self.sent: dict[str, Sent] = {}
        self.happened: list[Happened] = []
        self._under_way: list[Relayed] = []
        self._pool: dict[tuple[str, int], Sent] = {}

    def relay(self, taken: Relayed) -> None:
        assert taken.transaction_id not in self.relayed
        self.relayed[taken.transaction_id] = taken
        self._under_way.append(taken)

    def new_id(self, owner: str) -> str:
        """The next id. The same for the same evening, as everything here is."""
        return str(UUID(hex=digest(0, "relayed", owner, len(self.relayed))[:32]))

    def active(self, wallet: str) -> Relayed | None:
        """The transaction of this wallet that is not on the chain yet, if there is one."""
        return next((one for one in self._under_way if one.wallet == wallet and one.state in ACTIVE), None)

    def send(self, sent: Sent) -> None:
        """Take an EOA's transaction into the pool, in the place of one with the same nonce."""
        self._pool[sent.sender, sent.nonce] = sent
        self.sent[sent.tx_hash] = sent

    def pooled(self, sender: str, nonce: int) -> Sent | None:
        """The transaction that waits with this nonce."""
        return self._pool.get((sender, nonce))

    def pending_nonce(self, wallet: Wallet) -> int:
        nonce = wallet.nonce
        while (wallet.address, nonce) in self._pool:
            nonce += 1
        return nonce

    def step(self, now_ms: Ms) -> None:
        for taken in tuple(self._under_way):
            self._move(taken, now_ms)
        self._under_way = [one for one in self._under_way if one.state in (*ACTIVE, State.MINED)]
        for sent in sorted(self._pool.values(), key=lambda sent: (sent.sent_ms, sent.nonce)):
            if now_ms >= sent.sent_ms + self.pace.mined_ms:
                self._mine_sent(sent, now_ms)

    def _move(self, taken: Relayed, now_ms: Ms) -> None:
        """Move a relayed transaction as far as the time allows."""
        age_ms = now_ms - taken.created_ms
        if taken.state is State.NEW and age_ms >= self.pace.executed_ms:
            taken.tx_hash = "0x" + digest(0, "batch", taken.transaction_id)
            _set(taken, State.EXECUTED, now_ms)
        if taken.state is State.EXECUTED and age_ms >= self.pace.mined_ms:
            self._mine_relayed(taken, now_ms)
        if taken.state is State.MINED and age_ms >= self.pace.confirmed_ms:
            _set(taken, State.CONFIRMED, now_ms)

    def _mine_relayed(self, taken: Relayed, now_ms: Ms) -> None:
        wallet = self.chain.wallets[taken.wallet]
        assert taken.tx_hash is not None
        try:
            if taken.kind == "WALLET":
                self._tell(wallet, execute(self.chain, wallet, taken.calls), taken.tx_hash, now_ms)
                wallet.nonce += 1
            else:
                wallet.deployed = True
            _set(taken, State.MINED, now_ms)
        except Reverted as reverted:
            taken.error = f"execution reverted: {reverted}"
            _set(taken, State.FAILED, now_ms)
        ok = taken.state is State.MINED
        self.receipts[taken.tx_hash] = Receipt(
            taken.tx_hash, taken.owner, DEPOSIT_WALLET_FACTORY, now_ms, BATCH_GAS, GAS_PRICE, ok=ok
        )

    def _mine_sent(self, sent: Sent, now_ms: Ms) -> None:
        wallet = self.chain.wallets[sent.sender]
        if sent.nonce != wallet.nonce:
            return  # it waits for the one before it
        del self._pool[sent.sender, sent.nonce]
        wallet.nonce += 1
        used = min(sent.gas, CALL_GAS)
        wallet.pol -= used * sent.gas_price
        try:
            if sent.gas < CALL_GAS:
                raise Reverted("out of gas")
            self._tell(wallet, execute(self.chain, wallet, (sent.call,)), sent.tx_hash, now_ms)
            ok = True
        except Reverted:
            ok = False
        self.receipts[sent.tx_hash] = Receipt(
            sent.tx_hash, sent.sender, sent.call.target, now_ms, used, sent.gas_price, ok=ok
        )

    def _tell(self, wallet: Wallet, done: list[Done], tx_hash: str, now_ms: Ms) -> None:
        self.happened += [Happened(wallet.address, one, tx_hash, now_ms) for one in done]


def _set(taken: Relayed, state: State, now_ms: Ms) -> None:
    taken.state = state
    taken.moved_ms = now_ms
