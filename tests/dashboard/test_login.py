"""The ways in: what a one-time link survives, and what uses it up."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from redis import Redis

from infra import onetime
from tests import servers


@pytest.fixture
def link(ada: User, redis: Redis) -> str:
    return f"/login/once/{onetime.issue(ada.pk)}/"


def logged_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_looking_at_a_link_does_not_use_it_up(client: Client, link: str) -> None:
    previews = [client.get(link).status_code for _ in range(3)]

    assert previews == [200, 200, 200]
    assert not logged_in(client)
    assert client.post(link).status_code == 302


def test_the_link_page_works_without_a_script(client: Client, link: str) -> None:
    page = client.get(link).content.decode()

    assert '<button type="submit"' in page
    assert 'method="post"' in page


def test_a_link_logs_its_user_in(client: Client, link: str) -> None:
    answer = client.post(link)

    assert answer.headers["Location"] == "/"
    assert logged_in(client)


def test_a_used_link_is_refused_with_the_way_out(client: Client, link: str) -> None:
    client.post(link)
    late = Client()

    answer = late.post(link)

    assert answer.status_code == 410
    assert "manage.py up" in answer.content.decode()
    assert not logged_in(late)


def test_a_link_of_somebody_who_may_not_log_in_any_more_is_refused(
    client: Client, ada: User, link: str
) -> None:
    User.objects.filter(pk=ada.pk).update(is_active=False)

    assert client.post(link).status_code == 410


def test_a_link_that_cannot_be_checked_is_not_called_used(
    client: Client, link: str, redis_server: servers.Valkey
) -> None:
    with redis_server.silent():
        answer = client.post(link)

    assert answer.status_code == 503
    assert "not used up" in answer.content.decode()


def test_a_link_is_never_kept_in_a_cache(client: Client, link: str) -> None:
    assert "no-store" in client.get(link).headers["Cache-Control"]


def test_a_post_from_another_site_does_not_use_the_link_up(link: str) -> None:
    strict = Client(enforce_csrf_checks=True)

    assert strict.post(link).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/markets/",
        "/orders/",
        "/orders.csv",
        "/fills/",
        "/risk/",
        "/audit/",
        "/audit.csv",
        "/people/",
        "/curves/equity/",
    ],
)
def test_nobody_gets_in_without_a_log_in(client: Client, db: None, path: str) -> None:
    answer = client.get(path)

    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/login/?next={path}"


def test_a_name_and_a_password_log_in_and_return_to_the_page_asked_for(client: Client, ada: User) -> None:
    ada.set_password("correct horse battery")
    ada.save()
    form = {"username": "ada", "password": "correct horse battery", "next": "/orders/"}

    answer = client.post("/login/", form)

    assert answer.headers["Location"] == "/orders/"


def test_logging_out_needs_a_post(as_ada: Client) -> None:
    assert as_ada.get("/logout/").status_code == 405
    assert as_ada.post("/logout/").headers["Location"] == "/login/"
    assert not logged_in(as_ada)


def test_a_refusal_does_not_write_the_link_into_the_log(link: str, caplog: pytest.LogCaptureFixture) -> None:
    Client(enforce_csrf_checks=True).post(link)
    Client().put(link)

    assert len(caplog.records) == 2
    assert link.split("/")[3] not in caplog.text


@pytest.mark.parametrize("wanted", ["/login/", "/login/?next=/login/"])
def test_the_form_sends_nobody_back_to_itself(as_ada: Client, wanted: str) -> None:
    answer = as_ada.get("/login/", {"next": wanted})

    assert answer.status_code == 302
    assert answer.headers["Location"] == "/"
