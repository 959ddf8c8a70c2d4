"""The doctor for programs: every check with its next step, what is asked anew, what is missing to go live."""

import threading
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from feeds import origins
from infra import checks, clock
from infra.checks import Area, Check, Verdict, failed, passed, warned
from polyloly_site import doctor
from polyloly_site.env import Venue
from risk.access.people import Role
from risk.limits import limits
from tests.risk.conftest import with_role

PATH = "/api/v1/health/full"
READY = (
    passed("alerts", "2 channels"),
    passed("geoblock", "orders are taken from IE"),
    passed("time sync", "+3 ms"),
    passed("venue clock", "8 ms"),
    passed("api key", "signed requests are answered"),
)


@pytest.fixture
def as_vera(db: None) -> Client:
    """May look."""
    client = Client()
    client.force_login(with_role(User.objects.create_user("vera"), Role.VIEWER))
    return client


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """An asking that ends when the event is set; counts how often it began."""
    let_go = threading.Event()
    monkeypatch.setattr(checks, "_askings", {"venue": lambda: let_go.wait(20)})
    monkeypatch.setattr(doctor, "asking", doctor.Asking())
    yield let_go
    let_go.set()
    assert doctor.asking.wait(20)


def only(monkeypatch: pytest.MonkeyPatch, *found: Check) -> None:
    registry = {check.name: (lambda check=check: check, check.area) for check in found}
    monkeypatch.setattr(checks, "_checks", registry)


def unmet(found: list[doctor.Need]) -> set[str]:
    return {need.name for need in found if not need.met}


def test_every_check_is_told_with_area_age_and_next_step(
    as_vera: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, failed("disk", "2 MB free", "make room"), passed("venue", "answered"))

    told = as_vera.get(PATH).json()

    assert (told["verdict"], told["mode"]) == ("fail", "demo")
    assert told["checks"][0] == {
        "name": "disk",
        "area": "services",
        "verdict": "fail",
        "detail": "2 MB free",
        "age_ms": None,
        "next_step": "make room",
    }
    assert {need["name"] for need in told["needs"]} == {
        "both switches on live",
        "limits agreed by a person",
        "a risk admin",
        "a second independent source of matches",
        "people are told",
        "orders are taken from here",
        "the clock is right",
        "a key that the venue knows",
        "no check fails",
    }
    assert all(bool(need["next_step"]) is not need["met"] for need in told["needs"])


@pytest.mark.django_db
def test_nobody_is_told_anything_without_a_log_in(client: Client) -> None:
    assert client.get(PATH).status_code == 401
    assert client.post(PATH).status_code == 401


def test_asking_anew_is_begun_once_however_often_it_is_wanted(as_vera: Client, held: threading.Event) -> None:
    began = as_vera.post(PATH)
    first = doctor.asking._thread
    again = as_vera.post(PATH)

    assert (began.status_code, again.status_code) == (202, 202)
    assert doctor.asking._thread is first
    assert as_vera.get(PATH).json()["asking"] is True

    held.set()
    assert doctor.asking.wait(20)
    told = as_vera.get(PATH).json()
    assert told["asking"] is False
    assert told["asked_ms"] is not None


@pytest.mark.django_db
def test_a_stack_with_everything_misses_nothing(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(origins, "RUN", {"simulator": (), "polymarket": ("steam", "pandascore")})
    settings.POLYLOLY = settings.POLYLOLY.model_copy(
        update={"venue": Venue.POLYMARKET, "paper_trading": False}
    )
    with_role(User.objects.create_user("rita"), Role.RISK_ADMIN)
    limits.agree_first(at=clock.now_ms())

    found = doctor.needs(READY)

    assert unmet(found) == {"limits agreed by a person"}, "config's are nobody's"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("broken", "name"),
    [
        (warned("alerts", "nobody is told", "set ALERT_URLS"), "people are told"),
        (failed("geoblock", "blocked", "trade elsewhere"), "orders are taken from here"),
        (warned("time sync", "not known", "open UDP 123"), "the clock is right"),
        (warned("venue clock", "3000 ms", "set the clock"), "the clock is right"),
    ],
)
def test_a_warning_is_not_enough_for_real_money(broken: Check, name: str) -> None:
    found = doctor.needs([broken if each.name == broken.name else each for each in READY])

    missing = next(need for need in found if need.name == name)
    assert (missing.met, missing.next_step) == (False, broken.next_step)


@pytest.mark.django_db
def test_one_source_of_matches_is_not_enough_for_real_money() -> None:
    missing = next(
        need for need in doctor.needs(READY) if need.name.startswith("a second independent source")
    )

    assert (missing.met, missing.detail) == (False, "matches are told by simulator")


@pytest.mark.django_db
def test_what_fails_is_named() -> None:
    found = doctor.needs([*READY, failed("disk", "full", "make room")])

    assert next(need for need in found if need.name == "no check fails").detail == "disk"


def test_checks_come_by_area(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = {
        "venue": (lambda: passed("venue", ""), Area.VENUE),
        "disk": (lambda: passed("disk", ""), Area.MACHINE),
    }
    monkeypatch.setattr(checks, "_checks", registry)

    assert [(check.name, check.area) for check in checks.run_all()] == [
        ("disk", Area.MACHINE),
        ("venue", Area.VENUE),
    ]
    assert checks.worst(checks.run_all()) is Verdict.PASS
