"""``/api/v1/audit``: the record of every control, and whether it is whole."""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema

from infra.clock import to_ms
from infra.paging import Asked, Page, page
from risk import selectors
from risk.api.acted import refuses
from risk.audit import check as audit_check
from risk.audit.chain import Flaw
from risk.models import Audit

router = Router(tags=["risk"])


class AuditOut(Schema):
    id: int
    at_ms: int
    who: str
    role: str
    from_address: str
    what: str
    target: str | None
    outcome: str
    reason: str
    before: dict[str, Any]
    after: dict[str, Any]


class VerifiedOut(Schema):
    """``links`` were followed and are whole. Note ``end_digest`` elsewhere: a later answer must still contain it."""

    whole: bool
    links: int
    end_number: int
    end_digest: str
    broken_number: int | None
    flaw: Flaw | None
    detail: str | None


@router.get("/audit", response=Page[AuditOut])
def audit(request: HttpRequest, asked: Query[Asked]) -> Page[AuditOut]:
    return page(selectors.audit_rows(), asked, _audit)


@router.get("/audit/verify", response=VerifiedOut, openapi_extra=refuses(HTTPStatus.CONFLICT))
def verify_audit(request: HttpRequest) -> VerifiedOut:
    """Follow the whole chain from its first link. One at a time: 409 while another verification runs."""
    found = audit_check.verify()
    broken = found.broken
    return VerifiedOut(
        whole=broken is None,
        links=found.links,
        end_number=found.end.number,
        end_digest=found.end.digest,
        broken_number=None if broken is None else broken.number,
        flaw=None if broken is None else broken.flaw,
        detail=None if broken is None else broken.words,
    )


def _audit(row: Audit) -> AuditOut:
    return AuditOut(
        id=row.pk,
        at_ms=to_ms(row.at),
        who=row.who,
        role=row.role,
        from_address=row.from_address,
        what=row.what,
        target=row.target,
        outcome=row.outcome,
        reason=row.reason,
        before=row.before,
        after=row.after,
    )
