"""``/api/v1/consents``: what waits for a second person, and their word. People only, with their password."""

from typing import Annotated, Any

from ninja import Field, Router, Schema

from infra.clock import now_ms, to_ms
from infra.paging import Id
from risk.access import colleagues, consent
from risk.access.powers import Control
from risk.api.acted import ActedRequest, ReasonIn
from risk.models import Consent

router = Router(tags=["people"])


class ConsentOut(Schema):
    """``about``: what exactly would be carried out. Times are ms since the epoch."""

    id: int
    what: str
    about: dict[str, Any]
    reason: str
    asked_ms: int
    asked_by: str
    expires_ms: int
    waits_for: list[str]
    given_ms: int | None
    given_by: str | None
    used_ms: int | None
    ended_ms: int | None
    ended_by: str | None
    ended_reason: str | None


class AgreeIn(Schema):
    password: Annotated[
        str, Field(max_length=4096, description="your own: the second person is asked who they are")
    ]


@router.get("/consents", response=list[ConsentOut])
def list_waiting(request: ActedRequest) -> list[ConsentOut]:
    """What waits for a second person, or was agreed to and not carried out yet."""
    return [_consent(row) for row in consent.waiting(now_ms())]


@router.post("/consents/{consent_id}/agree", response=ConsentOut)
def agree(request: ActedRequest, consent_id: Id, asked: AgreeIn) -> ConsentOut:
    """Agree to what another asked for; they then repeat it. Never to your own."""
    at = now_ms()
    colleagues.prove_oneself(by=request.auth, password=asked.password, what=Control.CONSENT, at=at)
    return _consent(consent.agree(consent_id=consent_id, by=request.auth, at=at))


@router.post("/consents/{consent_id}/decline", response=ConsentOut)
def decline(request: ActedRequest, consent_id: Id, asked: ReasonIn) -> ConsentOut:
    """Say no to what another asked for, or take back your own question or word."""
    return _consent(consent.end(consent_id=consent_id, reason=asked.reason, by=request.auth, at=now_ms()))


def _consent(row: Consent) -> ConsentOut:
    return ConsentOut(
        id=row.pk,
        what=row.what,
        about=row.about,
        reason=row.reason,
        asked_ms=to_ms(row.asked),
        asked_by=row.asked_by.get_username(),
        expires_ms=to_ms(row.expires),
        waits_for=list(consent.who_may_agree(row)) if row.given is None else [],
        given_ms=None if row.given is None else to_ms(row.given),
        given_by=None if row.given_by is None else row.given_by.get_username(),
        used_ms=None if row.used is None else to_ms(row.used),
        ended_ms=None if row.ended is None else to_ms(row.ended),
        ended_by=row.ended_by_name,
        ended_reason=row.ended_reason,
    )
