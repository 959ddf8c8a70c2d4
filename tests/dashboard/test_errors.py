"""What went wrong has a page of the console's own, whatever is down, and the frame with HALT for who may see it."""

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.test import Client

from dashboard import snapshots


def test_an_address_that_leads_nowhere_keeps_the_frame_for_who_is_logged_in(as_ada: Client) -> None:
    answer = as_ada.get("/marktes/")

    page = answer.content.decode()
    assert answer.status_code == 404
    assert "There is no page here" in page
    assert "/marktes/" in page
    assert 'id="halt"' in page


@pytest.mark.django_db
def test_somebody_unknown_gets_a_plain_page_with_nothing_of_the_board(client: Client) -> None:
    answer = client.get("/marktes/")

    page = answer.content.decode()
    assert answer.status_code == 404
    assert "There is no page here" in page
    assert 'id="board"' not in page


def test_who_has_no_role_gets_a_plain_page_too(client: Client, db: None) -> None:
    client.force_login(User.objects.create_user("nora"))

    answer = client.get("/marktes/")

    assert answer.status_code == 404
    assert 'id="board"' not in answer.content.decode()


def test_an_address_is_text_on_the_page_and_never_markup(as_ada: Client) -> None:
    assert "<script>alert" not in as_ada.get("/%3Cscript%3Ealert(1)%3C%2Fscript%3E").content.decode()


def test_a_page_that_breaks_says_how_to_halt_without_it(
    as_ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "take", lost)
    as_ada.raise_request_exception = False
    as_ada.cookies["theme"] = "light"

    answer = as_ada.get("/")

    page = answer.content.decode()
    assert answer.status_code == 500
    assert "manage.py halt" in page
    assert 'data-theme="light"' in page


def test_an_error_page_draws_when_its_own_frame_cannot(
    as_ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "take", lost)

    answer = as_ada.get("/marktes/")

    assert answer.status_code == 404
    assert "There is no page here" in answer.content.decode()


def test_a_form_older_than_its_session_says_so(db: None) -> None:
    strict = Client(enforce_csrf_checks=True)

    answer = strict.post("/login/", {"username": "ada", "password": "x"})

    assert answer.status_code == 403
    assert "This form was too old" in answer.content.decode()


def test_an_unknown_host_is_told_the_way_in(client: Client) -> None:
    answer = client.get("/", headers={"host": "evil.example"})

    assert answer.status_code == 400
    assert "This request could not be read" in answer.content.decode()


def lost(*_: object) -> None:
    raise OperationalError("server closed the connection")
