"""Why a control was refused. One class for each thing the caller can do about it.

RiskError
├── NotAllowed      ask somebody with the role
├── NoRole          ask a risk admin for one
├── ReasonMissing   say why
├── NotHalted       nothing to end
├── Contended       somebody else pressed in the same moment: look, then press again
├── ChecksFailed    repair what the named checks found
├── SecondPersonNeeded  have somebody else agree, then repeat
├── NotInPerson     log in yourself
├── NotOneself      the second person must be another
├── UnknownConsent  nothing waits under this number
├── ConsentOver     ask again
├── ArmRefused      see to what stands in the way, then arm
├── NothingToArm    start it with what is missing
├── HaltKept        nothing: it is being carried out, and becomes a row by itself
├── UnknownMarket   no market has this id
├── LimitsWrong     correct the named limits
├── UnknownAlert    no alert has this number
├── AlertOver       nothing to do
├── UnknownIncident no incident has this number
├── IncidentClosed  open a new one
├── UnknownUser     nobody has this name
├── UnknownToken    no token has this number
├── TokenEnded      make a new token
├── UnknownAdapter  no connection to the world has this name
├── AdapterAway     nothing runs it: see that the processes are up
├── NotTold         Redis is away: try again
├── NameTaken       choose another name
├── CannotResolve   look at the newest reconciliation, or do at the venue what it says
├── UnknownDifference  no difference has this number
├── KeyUsed         send another Idempotency-Key, or the same request
├── UnderWay        ask again in a moment
├── NeverAnswered   look what became of it, then send another Idempotency-Key
├── LockedOut       wait, or have it lifted
├── UnknownLockout  no lockout in force has this number
└── NotValid        correct the named field
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from infra.checks import Check


class RiskError(Exception):
    """A control that was not carried out. The message is for the person who used it."""


class NotAllowed(RiskError):
    """The role is too low."""

    def __init__(self, *, who: str, role: str, needed: str, what: str) -> None:
        super().__init__(f"{what} needs the role {needed}; {who} has {role}")
        self.needed = needed


class NoRole(RiskError):
    """A person who is in none of the groups that are roles."""

    def __init__(self, who: str) -> None:
        super().__init__(
            f"{who} has no role here: ask a risk admin for viewer, operator or risk-admin "
            f"(manage.py set_role {who} ROLE)"
        )


class ReasonMissing(RiskError):
    """What loosens something asks for a reason."""


class NotHalted(RiskError):
    """There is no halt to end."""


class Contended(RiskError):
    """The halt changed while it was being ended, so it was not ended."""


class ChecksFailed(RiskError):
    """The health check did not pass. ``checks`` are those that failed."""

    def __init__(self, failing: Sequence[Check], words: str) -> None:
        super().__init__(words)
        self.checks = tuple(failing)

    @property
    def failing(self) -> tuple[str, ...]:
        return tuple(check.name for check in self.checks)


class SecondPersonNeeded(RiskError):
    """It waits until another risk admin agrees. ``consent_id``: the number it waits under, until ``expires_ms``."""

    def __init__(self, *, consent_id: int, expires_ms: int, words: str) -> None:
        super().__init__(words)
        self.consent_id = consent_id
        self.expires_ms = expires_ms


class NotInPerson(RiskError):
    """Two people are asked for, and this was a token, a shell or somebody who did not prove who they are."""


class NotOneself(RiskError):
    """Who asks cannot agree, nor can whoever they let in a moment ago."""


class UnknownConsent(RiskError):
    """No question has this number."""


class ConsentOver(RiskError):
    """Answered, used, taken back, or too old."""


class ArmRefused(RiskError):
    """Something stands in the way of arming. ``field``: what of the request was wrong, if anything was."""

    def __init__(self, reasons: Sequence[str], field: str | None) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = tuple(reasons)
        self.field = field


class NothingToArm(RiskError):
    """No order of this stack needs to be armed, or nobody here knows which wallet it trades with."""


class HaltKept(RiskError):
    """A halt that the database did not take. The runners were told; it is kept, and becomes a row when that answers.

    Units:
        market_id: ``None`` when everything is to stop.
        words:     what is proven and what is not, a sentence each.
    """

    def __init__(
        self, *, market_id: str | None, code: str, detail: str, by: str, at_ms: int, words: Sequence[str]
    ) -> None:
        super().__init__("; ".join(words))
        self.market_id = market_id
        self.code = code
        self.detail = detail
        self.by = by
        self.at_ms = at_ms
        self.words = tuple(words)


class UnknownMarket(RiskError):
    """No market has this id or slug."""


class LimitsWrong(RiskError):
    """These limits cannot be agreed to. ``wrong``: what is wrong with each, by name."""

    def __init__(self, wrong: Mapping[str, str], words: str) -> None:
        super().__init__(words)
        self.wrong = dict(wrong)


class UnknownAlert(RiskError):
    """No alert has this number."""


class AlertOver(RiskError):
    """It ended by itself: there is nothing left to see to."""


class UnknownIncident(RiskError):
    """No incident has this number."""


class IncidentClosed(RiskError):
    """It is closed: what comes now belongs to a new one."""


class UnknownUser(RiskError):
    """Nobody has this name."""


class UnknownToken(RiskError):
    """No token has this number."""


class TokenEnded(RiskError):
    """The token was revoked, expired, or its person is gone."""


class UnknownAdapter(RiskError):
    """No connection to the world has this name."""


class AdapterAway(RiskError):
    """Nothing runs it, so there is nothing to restart."""


class NotTold(RiskError):
    """Redis did not answer, so nobody was told and nothing happened."""


class NameTaken(RiskError):
    """There is one of this name already."""


class KeyUsed(RiskError):
    """This Idempotency-Key came with another request before."""


class UnderWay(RiskError):
    """The first request with this Idempotency-Key has not answered yet."""


class NeverAnswered(RiskError):
    """The first request with this Idempotency-Key never answered: what it did is not known here."""


class LockedOut(RiskError):
    """Too many wrong tries: nothing is looked at until ``until_ms``, in ``seconds`` of real time."""

    def __init__(self, words: str, *, until_ms: int, seconds: int) -> None:
        super().__init__(words)
        self.until_ms = until_ms
        self.seconds = seconds

    @property
    def until(self) -> datetime:
        return datetime.fromtimestamp(self.until_ms / 1000, tz=UTC)

    @property
    def minutes(self) -> int:
        """Of real time, rounded up."""
        return -(-self.seconds // 60)


class UnknownLockout(RiskError):
    """No lockout in force has this number."""


class NotValid(RiskError):
    """What was asked for cannot be. ``field`` is the part that is wrong."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field = field


class CannotResolve(RiskError):
    """A difference between our books and the venue's cannot be taken over here and now. Says what to do instead."""


class UnknownDifference(RiskError):
    """No difference, or no reconciliation, has this number."""
