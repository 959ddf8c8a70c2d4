"""The second person: what may be carried out only once another risk admin agreed (``SECOND_PERSON=true``).

Whoever carries out such a control calls ``second`` first and, in the transaction that carries it out, ``use``. The
first press asks and is refused as waiting; the same person presses again once somebody agreed. Both must be people who
are logged in: a token or a shell is nobody, and a person who was let in by the other a moment ago is no second one.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from core.units import Ms
from infra import clock, logs
from infra.clock import to_datetime, to_ms
from risk.access.people import ADMIN_TOKEN, Actor, Role, holders, role_of
from risk.access.powers import Control, allows, require
from risk.audit.record import Facts, record, refuse
from risk.errors import (
    ConsentOver,
    NotInPerson,
    NotOneself,
    RiskError,
    SecondPersonNeeded,
    UnknownConsent,
)
from risk.models import Audit, AuditOutcome, Consent

WAITS_MS: Final = 600_000  # real: to agree, and to carry it out
# Whoever the other let in within this time may be the other; ADMIN_TOKEN's holder may be anybody.
LET_IN: Final = ("make-user", "set-role", "login-link")
STRANGERS_FOR: Final = timedelta(days=1)
OVER: Final = "over"  # in ``about``: failing checks to be passed over; fewer than were agreed to may fail
SHOWN_MAX: Final = 50

About = Mapping[str, object]

log = logs.get("risk")


def second(control: Control, *, about: About, reason: str, by: Actor, at: Ms) -> Consent | None:
    """The agreement with which ``by`` may carry this out; ``None`` where no second person is asked for.

    about: what exactly is to be carried out; an agreement to anything else does not count.
    Raises ``SecondPersonNeeded`` when nobody agreed yet, which has asked for it on record, and ``NotInPerson``. Not
    inside the transaction that carries it out: the question must stay.
    """
    if not settings.POLYLOLY.second_person:
        return None
    asker = _in_person(by, f"{control} needs two people")
    mine = Consent.objects.filter(_open(at), what=control.value, asked_by=asker).select_related("given_by")
    fitting = [row for row in mine.order_by("pk") if _covers(row.about, about)]
    agreed = next((row for row in fitting if _still_good(row)), None)
    if agreed is not None:
        return agreed
    waiting = next((row for row in fitting if row.given is None), None)
    if waiting is None:
        waiting = _ask(control, about=about, reason=reason, by=by, asker=asker, at=at)
    raise _waits(waiting, control, asker)


def use(agreed: Consent | None, *, at: Ms) -> Facts:
    """Spend an agreement, in the transaction that carries the control out; what its audit row adds.

    Raises ``ConsentOver`` when it was spent, taken back or ran out meanwhile.
    """
    if agreed is None:
        return {}
    unspent = Consent.objects.filter(_open(at), pk=agreed.pk, given__isnull=False)
    if not unspent.update(used=to_datetime(at)):
        raise ConsentOver(
            f"the agreement to {agreed.what} was used already, taken back or ran out: ask again"
        )
    assert agreed.given_by is not None, "``second`` gave it"
    return {"agreed_by": agreed.given_by.get_username(), "consent": agreed.pk}


def agree(*, consent_id: int, by: Actor, at: Ms) -> Consent:
    """Let what somebody else asked for be carried out by them. Of several who agree at once one does.

    The door has made sure of the person (``colleagues.prove_oneself``). Raises ``NotAllowed``, ``NotInPerson``,
    ``NotOneself``, ``UnknownConsent``, ``ConsentOver``.
    """
    require(by, Control.CONSENT, target=str(consent_id), reason="", at=at)
    row = found(consent_id)
    try:
        giver = _in_person(by, "agreeing to something is for people")
        _another(row, giver, at=at)
        open_ = Consent.objects.filter(_open(at), pk=row.pk, given__isnull=True).exclude(asked_by=giver)
        if not open_.update(given=to_datetime(at), given_by=giver):
            raise ConsentOver(_why_over(found(consent_id), at=at))
    except RiskError as refusal:
        refuse(by, Control.CONSENT, target=_target(row), reason=row.reason, why=refusal, at=at)
        raise
    after = {"agreed": True, "asked_by": row.asked_by.get_username(), "about": row.about}
    _record(by, Control.CONSENT, row, reason=row.reason, after=after, at=at)
    row.refresh_from_db()
    return row


def end(*, consent_id: int, reason: str, by: Actor, at: Ms) -> Consent:
    """Decline what somebody asked for, or take back one's own question: the safe direction, at any time before use.

    Raises ``NotAllowed``, ``UnknownConsent``, ``ConsentOver``.
    """
    what = "decline-consent"
    require(by, Control.CONSENT, target=str(consent_id), reason=reason, at=at)
    row = found(consent_id)
    moment = to_datetime(at)
    if not Consent.objects.filter(_open(at), pk=row.pk).update(
        ended=moment, ended_by_name=by.name[:150], ended_reason=reason[:300]
    ):
        over = ConsentOver(_why_over(row, at=at))
        refuse(by, what, target=_target(row), reason=reason, why=over, at=at)
        raise over
    _record(by, what, row, reason=reason, after={"agreed": False}, at=at)
    row.refresh_from_db()
    return row


def found(consent_id: int) -> Consent:
    """Raises ``UnknownConsent``."""
    row = Consent.objects.select_related("asked_by", "given_by").filter(pk=consent_id).first()
    if row is None:
        raise UnknownConsent(f"nothing waits under the number {consent_id}")
    return row


def waiting(at: Ms) -> QuerySet[Consent]:
    """What waits for a second person, or was agreed to and not carried out yet; earliest first."""
    return Consent.objects.filter(_open(at)).select_related("asked_by", "given_by").order_by("pk")[:SHOWN_MAX]


def who_may_agree(row: Consent) -> Sequence[str]:
    """The names of those it waits for."""
    return [name for name in _admins() if name != row.asked_by.get_username()]


def _open(at: Ms) -> Q:
    return Q(used__isnull=True, ended__isnull=True, expires__gt=to_datetime(at))


def _ask(control: Control, *, about: About, reason: str, by: Actor, asker: User, at: Ms) -> Consent:
    row = Consent.objects.create(
        what=control.value,
        about=dict(about),
        reason=reason[:300],
        asked=to_datetime(at),
        asked_by=asker,
        expires=to_datetime(at + int(WAITS_MS * clock.speed())),
    )
    after = {"about": dict(about), "expires_ms": to_ms(row.expires), "waits_for": list(who_may_agree(row))}
    _record(by, "ask-consent", row, reason=reason, after=after, at=at)
    log.warning("waits for a second person", what=control.value, asked_by=by.name, consent=row.pk)
    return row


def _waits(row: Consent, control: Control, asker: User) -> SecondPersonNeeded:
    others = who_may_agree(row)
    until = f"{row.expires:%H:%M:%S} UTC"
    whom = ", ".join(others) if others else "nobody has the role: let a second risk admin in first"
    words = f"{control} waits for a second person until {until} ({whom}); once they agreed, repeat it"
    return SecondPersonNeeded(consent_id=row.pk, expires_ms=to_ms(row.expires), words=words)


def _in_person(by: Actor, what: str) -> User:
    if by.in_person and by.user is not None:
        return by.user
    raise NotInPerson(
        f"{what} who are logged in (SECOND_PERSON=true); {by.name} is none: use the console, or set "
        "SECOND_PERSON=false and start anew"
    )


def _another(row: Consent, giver: User, *, at: Ms) -> None:
    """Raise ``NotOneself`` unless these are two people, as far as the record can tell."""
    if giver.pk == row.asked_by.pk:
        raise NotOneself(f"{giver.get_username()} asked for it: somebody else must agree")
    giving, asking = giver.get_username(), row.asked_by.get_username()
    lately = (
        Audit.objects.filter(
            Q(who__in=(giving, ADMIN_TOKEN), target=asking) | Q(who__in=(asking, ADMIN_TOKEN), target=giving),
            what__in=LET_IN,
            outcome=AuditOutcome.DONE,
            at__gt=to_datetime(at) - STRANGERS_FOR,
        )
        .order_by("-number")
        .first()
    )
    if lately is not None:
        raise NotOneself(
            f"{lately.who} let {lately.target} in within the last day ({lately.what}, audit {lately.number}): "
            "a third person must agree"
        )


def _still_good(row: Consent) -> bool:
    """Agreed to, by somebody who still might."""
    giver = row.given_by
    return giver is not None and giver.is_active and allows(role_of(giver), Control.CONSENT)


def _covers(agreed: About, wanted: About) -> bool:
    """The same, and no check fails that was not to be passed over."""
    rest = {key: value for key, value in wanted.items() if key != OVER}
    return rest == {key: value for key, value in agreed.items() if key != OVER} and _over(wanted) <= _over(
        agreed
    )


def _over(about: About) -> set[str]:
    names = about.get(OVER, ())
    assert isinstance(names, list | tuple), "checks by name"
    return {str(name) for name in names}


def _why_over(row: Consent, *, at: Ms) -> str:
    if row.used is not None:
        return f"it was carried out at {row.used:%H:%M:%S} UTC"
    if row.ended is not None:
        return f"{row.ended_by_name} ended it: {row.ended_reason}"
    if row.expires <= to_datetime(at):
        return f"it could be agreed to until {row.expires:%H:%M:%S} UTC: whoever wants it asks again"
    return f"{row.given_by} agreed already"


def _admins() -> Sequence[str]:
    return list(holders(Role.RISK_ADMIN).order_by("username").values_list("username", flat=True))


def _target(row: Consent) -> str:
    return f"{row.what} {row.pk}"


def _record(by: Actor, what: str, row: Consent, *, reason: str, after: Facts, at: Ms) -> None:
    record(
        by,
        what,
        target=_target(row),
        outcome=AuditOutcome.DONE,
        reason=reason,
        before={},
        after=after,
        at=at,
    )
