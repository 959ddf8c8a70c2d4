"""Carries out what a shard planned on the chain: merges and redemptions, one after the other, none of them twice.

``PLANNED -> SUBMITTED -> CONFIRMED | FAILED``, and UNKNOWN in between. The row says SUBMITTED, with the wallet's
nonce, before anything leaves: an action without a transaction id was handed over and nobody heard the answer. It is
looked for in the relayer's list. Only when it is not there, and the nonce is unused, is it sent again, with the same
nonce: of two transactions with one nonce the chain takes at most one. What is said of such a copy says nothing of the
first. An action ends as FAILED only when it was never taken, when the chain undid it, or when its deadline is over.
"""

from collections import deque
from collections.abc import Callable
from typing import Any, Final, Protocol

from asgiref.sync import sync_to_async

from core.ids import MarketId
from core.units import Ms, Shares
from feeds import selectors as feeds
from feeds.selectors import VenueTerms
from infra import logs
from trading import selectors, services
from trading.gateways.polymarket.wallet.answers import (
    Answer,
    Confirmed,
    Failed,
    Outcome,
    Refused,
    Submitted,
    Unanswered,
)
from trading.models import WalletAction, WalletKind, WalletState
from trading.wallet.sums import received_of

A_MINUTE: Final = 25  # the relayer's limit of submissions (polymarket.md 9)
MINUTE_MS: Final = Ms(61_000)  # and a second for the way there
NEVER_LANDED_MS: Final = Ms(10_000)
UNKNOWN_AFTER_MS: Final = Ms(30_000)
REFUSED_FOR_MS: Final = Ms(120_000)  # "not now" for longer than this is "no"
GRACE_MS: Final = Ms(60_000)  # beyond a deadline: the chain's clock is not ours
HANDED_OVER: Final = (WalletState.SUBMITTED, WalletState.UNKNOWN)
NONCE_MOVED: Final = "not in the relayer's list, and the wallet's nonce moved on: look at the wallet"

log = logs.get("wallet")


class Relay(Protocol):
    """The part of a wallet that this needs (``trading.gateways.polymarket.wallet.wallet``)."""

    @property
    def lives_ms(self) -> Ms | None:
        """How long after its submission the chain may carry something out; ``None``: for ever."""

    async def nonce(self) -> str | Unanswered: ...

    async def merge(
        self, market_id: MarketId, shares: Shares, *, neg_risk: bool, version: str, nonce: str | None = None
    ) -> Answer: ...

    async def redeem(
        self, market_id: MarketId, *, neg_risk: bool, version: str, nonce: str | None = None
    ) -> Answer: ...

    async def outcome(self, transaction_id: str) -> Outcome: ...

    async def landed_since(
        self, nonce: str, market_id: MarketId, shares: Shares
    ) -> str | Unanswered | None: ...


class Quota:
    """How often we may submit. Not for use from several threads."""

    def __init__(self, most: int = A_MINUTE) -> None:
        self._most = most
        self._taken: deque[Ms] = deque(maxlen=most)

    def take(self, now: Ms) -> bool:
        while self._taken and now - self._taken[0] >= MINUTE_MS:
            self._taken.popleft()
        if len(self._taken) >= self._most:
            return False
        self._taken.append(now)
        return True


class WalletWork:
    """The work on one account's wallet. ``turn`` moves the oldest action by one step.

    Raises ``FenceLost`` when another keeper has taken the wallet, and ``DatabaseError``.
    """

    def __init__(
        self,
        relay: Relay,
        *,
        account_id: int,
        fence_name: str,
        fence: int,
        quota: Quota,
        now: Callable[[], Ms],
    ) -> None:
        self._relay = relay
        self._now = now
        self._account_id = account_id
        self._fence_name = fence_name
        self._fence = fence
        self._quota = quota
        self._wait_ms = Ms(0)
        self._refused: dict[
            str, Ms
        ] = {}  # never taken for certain, to be submitted again; refused since when
        self._handed_ms: dict[str, Ms] = {}  # when it was last handed over, as far as this keeper knows
        self._absent_ms: dict[str, Ms] = {}  # when the relayer's list first did not name it
        self._stuck: set[str] = set()  # a person must look at the wallet

    async def turn(self) -> None:
        for row in await sync_to_async(selectors.open_wallet_actions)(self._account_id):
            if row.action_id not in self._stuck:
                await self._move(row)
                return

    async def _move(self, row: WalletAction) -> None:
        if row.state == WalletState.PLANNED or row.action_id in self._refused:
            await self._submit(row, nonce=None)
        elif row.transaction_id:
            await self._follow(row, row.transaction_id)
        else:
            await self._look_for(row)

    async def _submit(self, row: WalletAction, *, nonce: str | None) -> None:
        """Write the nonce, then hand the action over. ``nonce`` is given when the same one is to be used again."""
        if self._now() < self._wait_ms:
            return
        terms = await self._terms(row)
        known = await self._relay.nonce() if nonce is None else nonce
        if terms is None or isinstance(known, Unanswered):
            self._wait_ms = Ms(self._now() + NEVER_LANDED_MS)
            log.warning(
                "wallet action waits", action=row.action_id, why=str(known if terms else "unknown market")
            )
            return
        if not self._quota.take(self._now()):
            return
        if await self._step(row, WalletState.SUBMITTED, nonce=known):
            self._absent_ms.pop(row.action_id, None)
            answer = await self._send(row, terms, known)
            if not isinstance(answer, Refused):
                self._refused.pop(row.action_id, None)
                self._handed_ms[row.action_id] = self._now()
                await self._note(row, answer)
            elif nonce is None:
                await self._never_taken(row, answer)
            else:
                self._wait_ms = Ms(self._now() + (answer.retry_after_ms or NEVER_LANDED_MS))
                await self._unknown(row, f"sent again and refused: {answer.reason}")

    async def _send(self, row: WalletAction, terms: VenueTerms, nonce: str) -> Answer:
        market_id = MarketId(str(row.market_id))
        contract: dict[str, Any] = {"neg_risk": terms.neg_risk, "version": terms.version, "nonce": nonce}
        if row.kind == WalletKind.MERGE:
            return await self._relay.merge(market_id, Shares(row.yes), **contract)
        return await self._relay.redeem(market_id, **contract)

    async def _note(self, row: WalletAction, answer: Submitted | Unanswered) -> None:
        if isinstance(answer, Submitted):
            log.info("wallet action submitted", action=row.action_id, transaction=answer.transaction_id)
            await self._step(row, WalletState.SUBMITTED, transaction_id=answer.transaction_id)
        else:
            await self._unknown(row, answer.reason)

    async def _never_taken(self, row: WalletAction, answer: Refused) -> None:
        """Refused each time it was handed over: nothing of it can land."""
        now = self._now()
        since = self._refused.setdefault(row.action_id, now)
        if answer.retry_after_ms is None or now - since >= REFUSED_FOR_MS:
            del self._refused[row.action_id]
            await self._fail(row, answer.reason)
            return
        self._wait_ms = Ms(now + answer.retry_after_ms)
        log.info("wallet busy", action=row.action_id, why=answer.reason, wait_ms=answer.retry_after_ms)
        await self._step(row, WalletState.SUBMITTED, reason=answer.reason)

    async def _follow(self, row: WalletAction, transaction_id: str) -> None:
        """Ask how a submitted transaction stands."""
        found = await self._relay.outcome(transaction_id)
        if isinstance(found, Confirmed):
            log.info("wallet action confirmed", action=row.action_id, tx_hash=found.tx_hash)
            received = received_of(row)
            await self._step(row, WalletState.CONFIRMED, tx_hash=found.tx_hash, received=received)
        elif isinstance(found, Failed):
            await self._undone(row, transaction_id, found)
        elif isinstance(found, Unanswered):
            if self._now() - row.moved_ms >= UNKNOWN_AFTER_MS and row.state != WalletState.UNKNOWN:
                await self._unknown(row, found.reason)
        elif found.tx_hash is not None and found.tx_hash != row.tx_hash:
            await self._step(row, WalletState.SUBMITTED, tx_hash=found.tx_hash)
        elif self._outlived(row) and await self._relay.nonce() == row.nonce:
            await self._fail(row, "taken and never carried out; its deadline is over")

    async def _undone(self, row: WalletAction, transaction_id: str, found: Failed) -> None:
        """The chain undid this transaction: maybe because another one of the same nonce, sent before, was first."""
        other = None if found.nonce_used else await self._landed(row)
        if other is None:
            await self._fail(row, found.reason)
        elif isinstance(other, str) and other != transaction_id:
            log.warning(
                "wallet action landed by another transaction", action=row.action_id, transaction=other
            )
            await self._step(row, WalletState.SUBMITTED, transaction_id=other)

    async def _landed(self, row: WalletAction) -> str | Unanswered | None:
        market_id = MarketId(str(row.market_id))
        return await self._relay.landed_since(row.nonce or "", market_id, Shares(max(row.yes, row.no)))

    async def _look_for(self, row: WalletAction) -> None:
        """It was handed over and nobody answered, or we ended before the answer."""
        if self._now() < self._wait_ms:
            return
        self._wait_ms = Ms(self._now() + 1_000)
        nonce = row.nonce or ""
        found = await self._landed(row)
        if isinstance(found, str):
            self._absent_ms.pop(row.action_id, None)
            await self._step(row, WalletState.SUBMITTED, transaction_id=found)
            return
        if isinstance(found, Unanswered):
            if row.state != WalletState.UNKNOWN:
                await self._unknown(row, found.reason)
            return
        now = self._now()
        if now - self._absent_ms.setdefault(row.action_id, now) < NEVER_LANDED_MS:
            return
        present = await self._relay.nonce()
        if present == nonce and self._outlived(row):
            await self._fail(row, "nobody has it, and its deadline is over")
        elif present == nonce:
            log.warning("wallet action never landed, sent again with its nonce", action=row.action_id)
            self._wait_ms = now
            await self._submit(row, nonce=nonce)
        elif isinstance(present, str):
            self._stuck.add(row.action_id)
            await self._unknown(row, NONCE_MOVED)

    def _outlived(self, row: WalletAction) -> bool:
        """Whether the chain refuses by now whatever was handed over. A keeper that took over counts anew."""
        handed_ms = self._handed_ms.setdefault(row.action_id, self._now())
        lives_ms = self._relay.lives_ms
        return lives_ms is not None and self._now() - handed_ms >= lives_ms + GRACE_MS

    async def _fail(self, row: WalletAction, why: str) -> None:
        log.error("wallet action failed", action=row.action_id, why=why, event_type="error")
        self._handed_ms.pop(row.action_id, None)
        await self._step(row, WalletState.FAILED, reason=why)

    async def _unknown(self, row: WalletAction, why: str) -> None:
        log.error("wallet action unknown", action=row.action_id, why=why, event_type="error")
        await self._step(row, WalletState.UNKNOWN, reason=why)

    async def _step(self, row: WalletAction, to: WalletState, **said: Any) -> bool:
        return await sync_to_async(services.step_wallet_action)(
            row.action_id,
            from_states=(WalletState.PLANNED, *HANDED_OVER),
            to=to,
            fence_name=self._fence_name,
            fence=self._fence,
            at_ms=self._now(),
            **said,
        )

    async def _terms(self, row: WalletAction) -> VenueTerms | None:
        market_id = MarketId(str(row.market_id))
        return (await sync_to_async(feeds.venue_terms)([market_id])).get(market_id)
