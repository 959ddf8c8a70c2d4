"""The approvals that trading needs, once for each wallet: set in a rehearsal, only reported with real money.

Approving twice does nothing, so nothing here must be remembered to be safe. What was done is written down as a
wallet action as soon as the wallet has an account.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from asgiref.sync import sync_to_async

from core.units import Ms, Shares
from infra import logs
from trading import services
from trading.gateways.polymarket.wallet.answers import (
    Answer,
    Confirmed,
    Failed,
    Outcome,
    Submitted,
    Unanswered,
)
from trading.models import WalletKind, WalletState
from trading.wallet.work import Quota

AGAIN_MS: Final = Ms(5_000)

log = logs.get("wallet")


class Approver(Protocol):
    """The part of a wallet that this needs."""

    async def missing_approvals(self) -> tuple[str, ...] | Unanswered: ...

    async def approve(self) -> Answer | None: ...

    async def outcome(self, transaction_id: str) -> Outcome: ...


class Cache(Protocol):
    """The venue's own view of balances and allowances, which it reads from the chain when told to."""

    async def refresh_balance(self) -> object: ...


@dataclass(slots=True)
class Done:
    """What was set: for the record."""

    transaction_id: str
    tx_hash: str
    began_ms: Ms
    ended_ms: Ms


class Approvals:
    """``turn`` until it returns ``None``: nothing is missing any more, or it is a person's business."""

    def __init__(
        self, wallet: Approver, cache: Cache, quota: Quota, *, sets: bool, now: Callable[[], Ms]
    ) -> None:
        self.missing: tuple[str, ...] = ()
        self._wallet = wallet
        self._cache = cache
        self._quota = quota
        self._sets = sets
        self._now = now
        self._under_way: tuple[str, Ms] | None = None
        self._wait_ms = Ms(0)
        self._done: Done | None = None

    async def turn(self) -> str | None:
        """One step. The text says what is waited for."""
        if self._now() < self._wait_ms:
            return "setting approvals"
        if self._under_way is not None:
            return await self._follow(*self._under_way)
        missing = await self._wallet.missing_approvals()
        if isinstance(missing, Unanswered):
            return self._later(f"approvals not known: {missing.reason}")
        self.missing = missing
        if not missing:
            await self._cache.refresh_balance()
            return None
        if not self._sets:
            log.warning("approvals missing", missing=missing, event_type="startup_check")
            return None
        if not self._quota.take(self._now()):
            return "the relayer's quota is used up"
        return self._noted(await self._wallet.approve())

    async def record(self, account_id: int, fence_name: str, fence: int) -> None:
        """Write down what was done, once."""
        if self._done is None:
            return
        done, self._done = self._done, None
        action_id = f"approve|{done.transaction_id}"
        await sync_to_async(services.plan_wallet_action)(
            account_id=account_id,
            action_id=action_id,
            market_id=None,
            kind=WalletKind.APPROVE,
            yes=Shares(0),
            no=Shares(0),
            payout=None,
            at_ms=done.began_ms,
        )
        await sync_to_async(services.step_wallet_action)(
            action_id,
            from_states=(WalletState.PLANNED,),
            to=WalletState.CONFIRMED,
            fence_name=fence_name,
            fence=fence,
            at_ms=done.ended_ms,
            transaction_id=done.transaction_id,
            tx_hash=done.tx_hash,
        )

    def _noted(self, answer: Answer | None) -> str:
        if isinstance(answer, Submitted):
            log.info("approvals submitted", missing=len(self.missing), transaction=answer.transaction_id)
            self._under_way = answer.transaction_id, self._now()
            return "approvals submitted"
        return self._later("nothing to approve" if answer is None else f"not approved: {answer.reason}")

    async def _follow(self, transaction_id: str, began_ms: Ms) -> str:
        found = await self._wallet.outcome(transaction_id)
        if isinstance(found, Confirmed):
            log.info("approvals set", tx_hash=found.tx_hash, event_type="startup")
            self._done = Done(transaction_id, found.tx_hash, began_ms, self._now())
            self._under_way = None
            return "approvals confirmed"
        if isinstance(found, Failed):
            self._under_way = None
            return self._later(f"approvals failed: {found.reason}")
        return "approvals under way"

    def _later(self, why: str) -> str:
        log.warning("approvals not set yet", why=why)
        self._wait_ms = Ms(self._now() + AGAIN_MS)
        return why
