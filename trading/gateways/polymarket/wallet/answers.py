"""What a call to the wallet's services may come to. Every one is a value; none of them carries a secret.

Read first: ``Unanswered`` means that nobody knows whether it happened. It is never "no".
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Submitted:
    """Taken. The relayer's id of the transaction, or an EOA's transaction hash; ask ``outcome`` with it."""

    transaction_id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Not taken, for certain: nothing was done and nothing will be.

    ``retry_after_ms`` is set when the same call may succeed later (busy wallet, quota); ``None`` otherwise.
    """

    reason: str
    retry_after_ms: int | None


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No answer, or one that settles nothing. It may have happened, or may still happen."""

    reason: str


@dataclass(frozen=True, slots=True)
class Pending:
    """Taken and under way. ``tx_hash`` is known from the moment it was broadcast."""

    tx_hash: str | None


@dataclass(frozen=True, slots=True)
class Confirmed:
    tx_hash: str


@dataclass(frozen=True, slots=True)
class Failed:
    """On the chain it did nothing; tokens and cash are where they were.

    ``nonce_used``: by this transaction, so that no other one of the same nonce can have been carried out.
    """

    reason: str
    nonce_used: bool = False


Answer = Submitted | Refused | Unanswered
Outcome = Pending | Confirmed | Failed | Unanswered
