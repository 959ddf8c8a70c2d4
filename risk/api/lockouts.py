"""``/api/v1/lockouts``: who may not try to log in for a while, and the way to end it."""

from ninja import Router, Schema

from infra.clock import now_ms, to_ms
from infra.paging import Id
from risk.access import lockouts
from risk.api.acted import ActedRequest, ReasonIn
from risk.models import LockoutKind

router = Router(tags=["people"])


class LockoutOut(Schema):
    """``subject``: a name, an address, or a browser's id, by ``kind``. Times are ms since the epoch."""

    id: int
    kind: LockoutKind
    subject: str
    began_ms: int
    until_ms: int
    minutes_left: int
    tries: int
    from_address: str


@router.get("/lockouts", response=list[LockoutOut])
def list_lockouts(request: ActedRequest) -> list[LockoutOut]:
    """Those in force, newest first."""
    at = now_ms()
    return [
        LockoutOut(
            id=row.pk,
            kind=LockoutKind(row.kind),
            subject=row.subject,
            began_ms=to_ms(row.began),
            until_ms=to_ms(row.until),
            minutes_left=lockouts.minutes_left(row, at=at),
            tries=row.tries,
            from_address=row.from_address,
        )
        for row in lockouts.in_force(at)
    ]


@router.post("/lockouts/{lockout_id}/lift")
def lift(request: ActedRequest, lockout_id: Id, asked: ReasonIn) -> dict[str, bool]:
    """End one before its time: a risk admin."""
    lockouts.lift(lockout_id=lockout_id, reason=asked.reason, by=request.auth, at=now_ms())
    return {"lifted": True}
