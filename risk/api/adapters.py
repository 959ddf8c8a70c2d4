"""``/api/v1/adapters``: the connections to the world, and starting one anew."""

from django.http import HttpRequest
from ninja import Router, Schema, Status

from core.units import Ms
from infra.clock import now_ms
from risk import adapters
from risk.adapters import Adapter
from risk.api.acted import ActedRequest, Reason

router = Router(tags=["feeds"])


class AdapterOut(Schema):
    """``since_ms``: when what runs now began; null: nothing runs it just now."""

    name: str
    what: str
    since_ms: int | None


class RestartIn(Schema):
    reason: Reason | None = None


class RestartedOut(Schema):
    """It runs again once its ``since_ms`` is another than ``ran_since_ms``."""

    adapter: str
    asked_ms: int
    ran_since_ms: int | None


@router.get("/adapters", response=list[AdapterOut])
def list_adapters(request: HttpRequest) -> list[AdapterOut]:
    """All there are, by name."""
    return [
        AdapterOut(name=each.name, what=each.what, since_ms=each.since_ms) for each in adapters.adapters()
    ]


@router.post("/adapters/{name}/restart", response={202: RestartedOut})
def restart_adapter(request: ActedRequest, name: str, asked: RestartIn) -> Status[RestartedOut]:
    """Start one anew: told now, heeded within a second or two, running again a second later."""
    at = now_ms()
    reason = asked.reason or f"by {request.auth.name}"
    ran = adapters.restart_adapter(name=name, reason=reason, by=request.auth, at=at)
    return Status(202, restarted(ran, at))


def restarted(ran: Adapter, at: Ms) -> RestartedOut:
    return RestartedOut(adapter=ran.name, asked_ms=at, ran_since_ms=ran.since_ms)
