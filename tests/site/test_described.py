"""Goal: whatever the description of ``/api/v1`` allows, and whatever it does not, is answered as it says.

Method: schemathesis asks every endpoint in-process with requests that fit the description and requests that do not,
the same ones each time, as a risk admin and with rows to find. Nothing may fail (5xx), answer with a status that is
not described, or in a shape that is not.
"""

from collections.abc import Iterator
from typing import Any, Final

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from pytest_django import Settings
from redis import Redis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from infra import checks
from polyloly_site.api import api
from tests.examples import FULL
from tests.site.evening import Known, an_evening

ADMIN_TOKEN: Final = "admin-token-of-this-test"
EXAMPLES: Final = 8 if FULL else 5
SHAPES: Final = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
AWAY: Final = 503  # the database and Redis answer here, so nothing may say that they do not
NOT_HERE: Final = {
    ("POST", "/api/v1/reconciliations")
}  # but the queue of ops, which is no part of this process

schema = schemathesis.openapi.from_dict(dict(api.get_openapi_schema()))
schema.app = get_wsgi_application()


@pytest.fixture
def connection_kept() -> Iterator[None]:
    """As Django's own test client does: a request's end closes nothing, the test's transaction is in it."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def known(
    db: None, connection_kept: None, redis: Redis, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Known:
    """What there is to find. Nothing beyond this process is asked: the health check has one check, which passes."""
    monkeypatch.setattr(checks, "_checks", {})
    monkeypatch.setattr(checks, "_askings", {})
    checks.register("redis", lambda: checks.passed("redis", "answers"))
    admin = {"admin_token": SecretStr(ADMIN_TOKEN)}
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update=admin)
    return an_evening()


@schema.given(found=st.booleans())
@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
def test_it_is_answered_as_described(case: Any, found: bool, known: Known) -> None:
    if found and case.path_parameters:
        # Ids are not guessed: every other time it is one that there is.
        case.path_parameters = {name: known.get(name, given) for name, given in case.path_parameters.items()}

    response: Any = case.call(headers={"Authorization": f"Bearer {ADMIN_TOKEN}"})

    if (case.method, case.path) in NOT_HERE:
        assert response.status_code in (AWAY, 422, 400), response.text
        case.validate_response(response, checks=SHAPES)
        return
    assert response.status_code != AWAY, response.text
    case.validate_response(response, checks=[not_a_server_error, *SHAPES])


def test_every_number_of_a_request_is_bounded() -> None:
    """Seen: ``account_id=1792764409615324020736`` was a 500, no database has such a number."""
    described = api.get_openapi_schema()
    unbounded = [
        f"{method} {path}: {parameter['name']}"
        for path, operations in described["paths"].items()
        for method, operation in operations.items()
        for parameter in operation.get("parameters", ())
        for kind in parameter["schema"].get("anyOf", [parameter["schema"]])
        if kind.get("type") == "integer" and "maximum" not in kind
    ]
    assert unbounded == []


@pytest.mark.parametrize(
    "address", ["/api/v1/halts?cursor=%00", "/markets/%00/", "/admin/halt?market_id=a%00"]
)
def test_an_address_with_a_zero_character_is_refused(client: Client, address: str) -> None:
    answer = client.post(address)

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("text", ["\\u0000", "\\ud800"])
def test_a_body_with_a_character_that_is_none_is_refused(client: Client, known: Known, text: str) -> None:
    for path in ("/api/v1/halts", "/admin/halt"):
        answer = client.post(
            path,
            f'{{"reason": "odd {text}"}}',
            content_type="application/json",
            headers={"Authorization": f"Bearer {ADMIN_TOKEN}"},
        )

        assert answer.status_code == 400, answer.content
        assert answer["Content-Type"] == "application/problem+json"
