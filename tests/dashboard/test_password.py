"""One's own password: set after a log-in by link, changed with the old one, on record and without a trace of it."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from risk.models import Audit

NEW = "a-long-passphrase-of-mine"


def test_who_came_by_a_link_sets_the_first_one_and_stays_logged_in(as_ada: Client, ada: User) -> None:
    answer = as_ada.post("/password/", {"new_password1": NEW, "new_password2": NEW})

    assert answer.headers["Location"] == "/people/"
    assert as_ada.get("/").status_code == 200
    assert Client().login(username="ada", password=NEW)
    link = Audit.objects.get()
    assert (link.what, link.who, link.before["password"], link.after["password"]) == (
        "set-password", "ada", False, True,
    )  # fmt: skip
    assert NEW not in f"{link.before}{link.after}{link.reason}"


def test_changing_it_takes_the_old_one_and_ends_other_log_ins(as_ada: Client, ada: User) -> None:
    ada.set_password("the old passphrase")
    ada.save()
    here, elsewhere = Client(), Client()
    here.force_login(ada)
    elsewhere.force_login(ada)

    refused = here.post(
        "/password/", {"old_password": "wrong", "new_password1": NEW, "new_password2": NEW}
    ).content.decode()
    here.post(
        "/password/", {"old_password": "the old passphrase", "new_password1": NEW, "new_password2": NEW}
    )

    assert "old password was entered incorrectly" in refused
    assert here.get("/").status_code == 200
    assert elsewhere.get("/").status_code == 302


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [("short", "short", "too short"), ("password", "password", "too common"), (NEW, "another", "match")],
)
def test_a_poor_one_is_refused_with_the_reason(
    as_ada: Client, ada: User, first: str, second: str, says: str
) -> None:
    page = as_ada.post("/password/", {"new_password1": first, "new_password2": second}).content.decode()

    assert says in page
    ada.refresh_from_db()
    assert not ada.has_usable_password()


def test_who_has_no_role_sets_none(client: Client, db: None) -> None:
    client.force_login(User.objects.create_user("nora"))

    assert client.post("/password/", {"new_password1": NEW, "new_password2": NEW}).status_code == 403
    assert not User.objects.get().has_usable_password()
