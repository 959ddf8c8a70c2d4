"""How ``/api/v1`` describes itself: what ninja knows, and the refusals that every endpoint shares.

Which refusals an endpoint may give follows from what it takes. One that may give another names it where it stands, by
``openapi_extra=refuses(...)`` (``risk.api.acted``).
"""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from risk.api.acted import REFUSES
from risk.http.once import KEY_MAX
from risk.http.problems import KEY_HEADER

REF: Final = "#/components/schemas/Problem"
PROBLEM: Final[dict[str, Any]] = {
    "title": "Problem",
    "description": "Why a request was not carried out (RFC 9457). ``detail`` is for people and names the way out.",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "minLength": 1},
        "field": {"type": "string", "description": "the part of the request that is wrong"},
    },
}
KEY: Final[dict[str, Any]] = {
    "in": "header",
    "name": KEY_HEADER,
    "required": False,
    "description": "carried out once for each key, and answered alike for 24 hours",
    "schema": {"type": "string", "minLength": 1, "maxLength": KEY_MAX, "pattern": "^[!-~]+$"},
}


class DescribedAPI(NinjaAPI):
    """An API whose description names its refusals."""

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        described = super().get_openapi_schema(**options)
        for path, operations in described["paths"].items():
            for method, operation in operations.items():
                if method == "post":
                    operation["parameters"] = [*operation.get("parameters", ()), KEY]
                also = operation.pop(REFUSES, ())
                for status in (*refusals(method, path, operation), *also):
                    operation["responses"].setdefault(int(status), _refused(HTTPStatus(status)))
        described["components"]["schemas"]["Problem"] = PROBLEM
        return described


def refusals(method: str, path: str, operation: dict[str, Any]) -> Iterator[HTTPStatus]:
    """What an endpoint may answer instead, by what it takes."""
    yield HTTPStatus.UNAUTHORIZED
    yield HTTPStatus.FORBIDDEN  # a role too low, or none
    yield HTTPStatus.TOO_MANY_REQUESTS  # too many wrong tokens or passwords
    yield HTTPStatus.SERVICE_UNAVAILABLE  # the database or Redis is away
    if operation.get("parameters") or "requestBody" in operation:
        yield HTTPStatus.UNPROCESSABLE_ENTITY
        yield HTTPStatus.BAD_REQUEST  # no JSON, no reason, no key, no text that can be kept
    if "{" in path:
        yield HTTPStatus.NOT_FOUND
    if method == "post":
        yield HTTPStatus.CONFLICT  # a state that forbids it, a key that is under way


def _refused(status: HTTPStatus) -> dict[str, Any]:
    return {
        "description": status.phrase,
        "content": {"application/problem+json": {"schema": {"$ref": REF}}},
    }
