"""Whose request it is: what a proxy says is believed of trusted proxies only, and this machine is this machine."""

import pytest
from django.http import HttpRequest
from django.test import RequestFactory
from pytest_django import Settings

from risk.access.visitors import began_here, visitor


def asked(peer: str, *, host: str = "127.0.0.1:8080", **headers: str) -> HttpRequest:
    return RequestFactory().post("/admin/halt", headers=headers, REMOTE_ADDR=peer, HTTP_HOST=host)


@pytest.fixture
def behind_proxies(settings: Settings) -> None:
    settings.POLYLOLY = settings.POLYLOLY.model_copy(
        update={"trusted_proxies": "10.0.0.0/24, 192.0.2.9, fd00::/8"}
    )


@pytest.mark.parametrize("peer", ["203.0.113.7", "127.0.0.1", "10.0.0.5"])
def test_nobodys_word_is_believed_without_trusted_proxies(peer: str) -> None:
    assert visitor(asked(peer, **{"X-Forwarded-For": "198.51.100.1", "X-Real-IP": "198.51.100.2"})) == peer


@pytest.mark.usefixtures("behind_proxies")
@pytest.mark.parametrize(
    ("peer", "said", "counted"),
    [
        ("10.0.0.5", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.5", "198.51.100.66, 203.0.113.7", "203.0.113.7"),
        ("10.0.0.5", "203.0.113.7, 192.0.2.9", "203.0.113.7"),
        ("::ffff:10.0.0.5", "::ffff:203.0.113.7", "203.0.113.7"),
        ("203.0.113.7", "198.51.100.66", "203.0.113.7"),
        ("10.0.0.5", "", "10.0.0.5"),
        ("10.0.0.5", "nonsense", "10.0.0.5"),
        ("10.0.0.5", "203.0.113.7, nonsense", "10.0.0.5"),
        ("10.0.0.5", "10.0.0.8, 10.0.0.7", "10.0.0.8"),
    ],
)
def test_the_last_address_that_is_no_trusted_proxy_is_counted(peer: str, said: str, counted: str) -> None:
    assert visitor(asked(peer, **{"X-Forwarded-For": said})) == counted


def test_an_ipv6_customer_is_one_visitor() -> None:
    assert (
        visitor(asked("2001:db8:1:2:3:4:5:6"))
        == visitor(asked("2001:db8:1:2:ffff::1"))
        == "2001:db8:1:2::/64"
    )


def test_a_peer_that_is_no_address_is_one_visitor() -> None:
    assert visitor(asked("")) == "unknown"


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "[::1]:8080", "LOCALHOST"])
def test_a_program_on_this_machine_is_one(peer: str, host: str) -> None:
    assert began_here(asked(peer, host=host))


@pytest.mark.parametrize(
    "peer", ["10.1.2.3", "::ffff:10.1.2.3", "2001:db8::1", "0.0.0.0", "::", "", "unix:", "localhost"]
)
def test_another_machine_is_none(peer: str) -> None:
    assert not began_here(asked(peer))


@pytest.mark.parametrize(
    "header",
    [
        "Forwarded",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "X-Forwarded-Port",
        "X-Forwarded-Anything-New",
        "X-Real-IP",
        "X-Client-IP",
        "X-Envoy-External-Address",
        "CF-Connecting-IP",
        "True-Client-IP",
        "Via",
        "Origin",
        "Referer",
        "Sec-Fetch-Site",
    ],
)
def test_what_was_passed_on_or_began_in_a_browser_is_none(header: str) -> None:
    assert not began_here(asked("127.0.0.1", **{header: "127.0.0.1"}))


def test_a_proxy_that_adds_no_header_is_told_by_the_name_it_is_called(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["polyloly.example.org", "127.0.0.1"]

    assert not began_here(asked("127.0.0.1", host="polyloly.example.org"))
