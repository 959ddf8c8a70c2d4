"""Signed cookies that browsers keep for weeks: what was signed by an earlier version is still good."""

from django.core import signing
from django.test import RequestFactory

from risk.access import halt_pass, known_browser
from risk.access.people import Role


def test_a_pass_of_an_earlier_version_still_halts() -> None:
    request = RequestFactory().post("/admin/halt")
    request.COOKIES[halt_pass.cookie()] = signing.dumps(
        {"name": "olga", "role": Role.OPERATOR.value}, salt="risk.halt_pass"
    )

    actor = halt_pass.bearer(request, address="127.0.0.1")

    assert actor is not None
    assert (actor.name, actor.role) == ("olga", Role.OPERATOR)


def test_a_browser_known_to_an_earlier_version_is_still_known() -> None:
    request = RequestFactory().post("/login/")
    request.COOKIES[known_browser.cookie()] = signing.dumps(
        {"name": "rita", "id": "b1"}, salt="risk.known_browser"
    )

    assert known_browser.known(request, "rita") == "b1"
