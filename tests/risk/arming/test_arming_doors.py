"""Preflight, arm and disarm over the API and in the shell: what each door answers."""

import json
import re
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from pydantic import SecretStr
from pytest_django import Settings

from infra import checks, clock
from risk.arming import preflight
from tests.risk.arming.test_arming import PHRASE, armable
from tests.risk.conftest import OPERATOR
from tests.risk.http.test_doors import ADMIN_TOKEN, OPERATOR_TOKEN, post, problem

__all__ = ["armable"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("armable", "healthy")]


@pytest.fixture(autouse=True)
def tokens(settings: Settings) -> None:
    told = {"admin_token": SecretStr(ADMIN_TOKEN), "operator_token": SecretStr(OPERATOR_TOKEN)}
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update=told)


def test_from_preflight_to_disarm_over_the_api(client: Client) -> None:
    made = post(client, "/api/v1/preflights", token=OPERATOR_TOKEN, body={})
    assert (made.status_code, json.loads(made.content)["passed"]) == (201, True)

    body = {"phrase": PHRASE, "reason": "a quiet evening"}
    refused = post(client, "/api/v1/arm", token=OPERATOR_TOKEN, body=body)
    assert refused.status_code == 403
    wrong = post(client, "/api/v1/arm", token=ADMIN_TOKEN, body={**body, "phrase": "go"})
    assert (wrong.status_code, problem(wrong)["field"]) == (409, "phrase")
    state = json.loads(post(client, "/api/v1/arm", token=ADMIN_TOKEN, body=body).content)
    assert (state["armed"]["by"], state["phrase"]) == ("token admin", PHRASE)
    twice = post(client, "/api/v1/arm", token=ADMIN_TOKEN, body=body)
    assert problem(twice)["reasons"] == ["it is armed already: nothing to do"]

    state = json.loads(post(client, "/api/v1/disarm", token=OPERATOR_TOKEN, body={}).content)
    assert (state["armed"], state["last"]["by"]) == (None, "token operator")
    kept = client.get("/api/v1/armings", headers={"Authorization": f"Bearer {OPERATOR_TOKEN}"}).json()
    assert [row["ended_by"] for row in kept["items"]] == ["token operator"]
    runs = client.get("/api/v1/preflights", headers={"Authorization": f"Bearer {OPERATOR_TOKEN}"}).json()
    assert [row["passed"] for row in runs["items"]] == [True]


def test_the_shell_arms_and_disarms() -> None:
    with pytest.raises(CommandError, match=f"type exactly: {PHRASE}"):
        call_command("arm", "--reason", "go", "--phrase", "go")
    preflight.run(by=OPERATOR, at=clock.now_ms())
    assert "armed for 0xab" in said("arm", "--reason", "go", "--phrase", PHRASE)
    assert said("disarm") == "not armed any more\n"
    assert said("disarm", "again") == "nothing was armed\n"


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_the_preflight_of_the_shell_ends_with_what_it_found(words: tuple[str, ...]) -> None:
    out = StringIO()
    with pytest.raises(SystemExit, match="0"):
        call_command("preflight", *words, stdout=out)
    checks.register("balance", lambda: checks.failed("balance", "0 pUSD", "send some"))
    with pytest.raises(SystemExit, match="1"):
        call_command("preflight", *words, stdout=out)

    last = out.getvalue().splitlines()[-1]
    assert json.loads(last)["passed"] is False if words else re.match(r"preflight \d+ failed", last)


def said(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()
