"""``/api/v1/audit/verify``: is the record whole?"""

from django.http import HttpRequest
from ninja import Router, Schema

from risk import audit_check
from risk.chain import Flaw

router = Router(tags=["risk"])


class VerifiedOut(Schema):
    """``links`` were followed and are whole. Note ``end_digest`` elsewhere: a later answer must still contain it."""

    whole: bool
    links: int
    end_number: int
    end_digest: str
    broken_number: int | None
    flaw: Flaw | None
    detail: str | None


@router.get("/audit/verify", response=VerifiedOut)
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
