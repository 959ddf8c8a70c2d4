"""What every control of the API asks for: who acts, and why."""

from http import HTTPStatus
from typing import Annotated, Any, Final

from django.http import HttpRequest
from ninja import Field, Schema

from risk.access.people import Actor

REFUSES: Final = "x-refuses"
Reason = Annotated[str, Field(min_length=1, max_length=300, description="why, for the record")]


class ActedRequest(HttpRequest):
    """A request whose actor is known: ``polyloly_site.api`` lets no other through."""

    auth: Actor


class ReasonIn(Schema):
    reason: Reason


def refuses(*statuses: HTTPStatus) -> dict[str, Any]:
    """For ``openapi_extra``: what an endpoint may refuse with beyond its like (``polyloly_site.described``)."""
    return {REFUSES: list(statuses)}
