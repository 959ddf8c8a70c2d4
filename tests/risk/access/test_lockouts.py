"""Guessing names and passwords is bounded: by person, by address, by browser; for a while, and on record."""

import json
import time
from typing import cast

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from infra import clock, onetime
from risk.access import known_browser, lockouts
from risk.alerts.own import locked_out
from risk.errors import LockedOut
from risk.models import Audit, Lockout, LockoutKind
from tests import servers
from tests.risk.conftest import together
from tests.risk.guesses import (
    COOL_OFF_MS,
    ELSEWHERE,
    PASSWORD,
    TRIES_ADDRESS,
    TRIES_PERSON,
    last,
    later,
    log_in,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("healthy", "redis", "few_tries")]


def test_a_name_is_locked_wherever_the_tries_come_from(rita: User) -> None:
    seen = [log_in("rita", "guess", at=f"203.0.113.{number}").status_code for number in range(TRIES_PERSON)]

    assert seen == [200] * (TRIES_PERSON - 1) + [429]
    assert log_in("rita", PASSWORD, at="198.51.100.1").status_code == 429


def test_an_address_is_locked_whatever_the_names(rita: User) -> None:
    seen = [log_in(f"name{number}", "guess").status_code for number in range(TRIES_ADDRESS)]

    assert seen == [200] * (TRIES_ADDRESS - 1) + [429]
    assert log_in("rita", PASSWORD).status_code == 429
    assert log_in("rita", PASSWORD, at="198.51.100.1").status_code == 302


def test_the_page_says_when_to_try_again_and_the_way_out(rita: User) -> None:
    answer = last(TRIES_PERSON, lambda _: log_in("rita", "guess"))

    text = answer.content.decode()
    until = Lockout.objects.get().until
    assert f"{until:%H:%M:%S} UTC" in text
    assert "in 15 minutes" in text
    assert "manage.py login_link" in text
    assert 14 * 60 < int(answer["Retry-After"]) <= 15 * 60


def test_a_locked_name_that_nobody_has_looks_the_same(rita: User) -> None:
    there = [log_in("rita", "guess", at=f"203.0.113.{number}") for number in range(TRIES_PERSON + 1)]
    nobody = [log_in("rosa", "guess", at=f"198.51.100.{number}") for number in range(TRIES_PERSON + 1)]

    assert [answer.status_code for answer in there] == [answer.status_code for answer in nobody]
    assert [len(answer.content) for answer in there] == [len(answer.content) for answer in nobody]


def test_what_was_typed_for_a_name_is_not_kept(rita: User) -> None:
    """People type their password there."""
    for _ in range(TRIES_PERSON):
        log_in("my secret passphrase", "x")

    kept = json.dumps(
        list(Lockout.objects.values_list("subject")) + list(Audit.objects.values_list("target"))
    )
    assert "unknown name" in kept
    assert "my secret" not in kept


def test_writing_a_name_otherwise_is_the_same_name(rita: User) -> None:
    names = ("rita", "RITA", " Rita", "rIta")

    answer = last(TRIES_PERSON, lambda number: log_in(names[number], "guess"))

    assert answer.status_code == 429


def test_it_ends_by_itself(rita: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(TRIES_PERSON):
        log_in("rita", "guess")

    later(monkeypatch, COOL_OFF_MS - 5_000)
    assert log_in("rita", PASSWORD).status_code == 429
    later(monkeypatch, 6_000)
    assert log_in("rita", PASSWORD).status_code == 302


def test_a_right_password_begins_anew_for_the_person_and_not_for_the_address(rita: User, olga: User) -> None:
    """Or whoever has a log-in of their own could guess others' for ever, in between."""
    for _ in range(2):
        for _ in range(TRIES_PERSON - 2):
            log_in("rita", "guess")
        assert log_in("olga", PASSWORD).status_code == 302
        assert log_in("rita", PASSWORD).status_code == 302

    assert [log_in("nobody", "guess").status_code for _ in range(2)] == [200, 429]


def test_right_passwords_lock_no_address(rita: User) -> None:
    """An office behind one address logs in all morning."""
    seen = {log_in("rita", PASSWORD).status_code for _ in range(TRIES_ADDRESS * 2)}

    assert seen == {302}


def test_a_browser_the_person_knows_is_not_locked_by_others(rita: User) -> None:
    own = Client()
    assert log_in("rita", PASSWORD, client=own).status_code == 302
    own.post("/logout/")
    for _ in range(TRIES_ADDRESS + 1):
        log_in("rita", "guess")

    assert log_in("rita", PASSWORD).status_code == 429
    assert log_in("rita", PASSWORD, client=own).status_code == 302


def test_a_browser_the_person_knows_is_bounded_too(rita: User) -> None:
    own = Client()
    log_in("rita", PASSWORD, client=own)
    own.post("/logout/")

    seen = [log_in("rita", "guess", client=own).status_code for _ in range(TRIES_PERSON)]

    assert seen == [200] * (TRIES_PERSON - 1) + [429]
    assert Lockout.objects.get().kind == LockoutKind.BROWSER


@pytest.mark.parametrize("name", ["olga", "nobody"])
def test_a_known_browser_is_known_for_its_own_person_only(rita: User, olga: User, name: str) -> None:
    own = Client()
    log_in("rita", PASSWORD, client=own)
    own.post("/logout/")

    answer = last(TRIES_PERSON, lambda _: log_in(name, "guess", client=own))

    assert answer.status_code == 429
    assert Lockout.objects.get().kind == LockoutKind.PERSON


def test_a_made_up_browser_is_none(rita: User) -> None:
    def made_up(number: int) -> HttpResponse:
        client = Client()
        client.cookies[known_browser.cookie()] = f'{{"name": "rita", "id": "{number}"}}'
        return log_in("rita", "guess", client=client)

    answer = last(TRIES_PERSON, made_up)

    assert answer.status_code == 429
    assert Lockout.objects.get().kind == LockoutKind.PERSON


def test_what_a_client_says_of_its_address_changes_nothing(rita: User) -> None:
    def disguised(number: int) -> HttpResponse:
        said = f"198.51.100.{number}"
        headers = {"X-Forwarded-For": said, "X-Real-IP": said, "Forwarded": f"for={said}"}
        form = {"username": f"name{number}", "password": "guess"}
        return cast(HttpResponse, Client().post("/login/", form, REMOTE_ADDR=ELSEWHERE, headers=headers))

    answer = last(TRIES_ADDRESS, disguised)

    assert answer.status_code == 429
    assert Lockout.objects.get().subject == ELSEWHERE


def test_behind_a_trusted_proxy_one_visitor_does_not_lock_the_others(rita: User, settings: Settings) -> None:
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"trusted_proxies": "10.0.0.1"})

    def through_proxy(name: str, password: str, visitor: str) -> int:
        return (
            Client()
            .post(
                "/login/",
                {"username": name, "password": password},
                REMOTE_ADDR="10.0.0.1",
                headers={"X-Forwarded-For": visitor},
            )
            .status_code
        )

    for number in range(TRIES_ADDRESS):
        through_proxy(f"name{number}", "guess", ELSEWHERE)

    assert through_proxy("rita", PASSWORD, ELSEWHERE) == 429
    assert through_proxy("rita", PASSWORD, "198.51.100.1") == 302


def test_what_is_left_empty_is_no_try(rita: User) -> None:
    for _ in range(TRIES_PERSON + 1):
        assert log_in("rita", "").status_code == 200

    assert log_in("rita", PASSWORD).status_code == 302


def test_the_django_admin_has_no_form_of_its_own(rita: User) -> None:
    client = Client()

    answer = client.post("/admin/login/", {"username": "rita", "password": PASSWORD})

    assert (answer.status_code, answer.headers["Location"]) == (302, "/login/?next=/admin/login/")
    assert "_auth_user_id" not in client.session


def test_a_link_cannot_be_guessed_for_long_and_a_right_one_is_the_way_out(rita: User) -> None:
    link = f"/login/once/{onetime.issue(rita.pk)}/"
    client = Client()

    seen = [
        client.post("/login/once/guess/", REMOTE_ADDR=ELSEWHERE).status_code for _ in range(TRIES_ADDRESS + 1)
    ]
    assert seen == [410] * (TRIES_ADDRESS - 1) + [429, 429]
    assert log_in("rita", PASSWORD).status_code == 429

    assert client.post(link, REMOTE_ADDR=ELSEWHERE).status_code == 302


def test_a_lockout_is_on_record_and_an_alert_until_it_is_over(
    rita: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(TRIES_PERSON + 2):
        log_in("rita", "guess")

    row = Audit.objects.get(what="lock-out")
    assert (row.who, row.target, row.from_address) == ("log-in", "person rita", ELSEWHERE)
    (alert,) = locked_out(clock.now_ms())
    assert alert.text == f"Log-in locked: {TRIES_PERSON} wrong tries, person rita, last from {ELSEWHERE}"
    later(monkeypatch, COOL_OFF_MS + 1_000)
    assert list(locked_out(clock.now_ms())) == []


@pytest.mark.django_db(transaction=True)
def test_of_many_tries_at_once_no_more_are_looked_at(rita: User) -> None:
    looked: list[float] = []
    subjects = lockouts.of_name("rita", browser=None, visitor=ELSEWHERE)

    def guess() -> None:
        at = clock.now_ms()
        try:
            entry = lockouts.begin(subjects, from_address=ELSEWHERE, at=at)
            looked.append(time.monotonic())
            lockouts.refused(entry, at=at)
        except LockedOut:
            pass

    together(TRIES_PERSON * 3, guess)

    assert 0 < len(looked) <= TRIES_PERSON
    assert Lockout.objects.filter(kind=LockoutKind.PERSON).count() == 1
    assert Audit.objects.filter(what="lock-out").count() == Lockout.objects.count()


def test_it_is_bounded_while_redis_is_away(rita: User, redis_server: servers.Valkey) -> None:
    with redis_server.silent():
        seen = [log_in("rita", "guess").status_code for _ in range(TRIES_PERSON)]

    assert seen[-1] == 429
