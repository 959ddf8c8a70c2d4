"""The record's chain: what was tampered with is found and named, and the database refuses to change a row."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client

from infra import append_only_tables
from infra.append_only import FactChanged
from infra.checks import Verdict
from infra.clock import to_ms
from risk.audit import chain
from risk.audit import check as audit_check
from risk.audit.chain import GENESIS, Flaw
from risk.audit.check import TABLE
from risk.audit.record import record
from risk.errors import Contended
from risk.models import Audit, AuditHead, AuditOutcome
from tests.risk.conftest import OPERATOR, after, together
from tests.risk.test_commands import run

pytestmark = pytest.mark.django_db


def write(links: int) -> None:
    for number in range(links):
        record(
            OPERATOR,
            "halt",
            target=None if number % 2 else "0xab",
            outcome=AuditOutcome.DONE,
            reason=f'reason {number}: ünïcode ☃ "quoted"',
            before={"halt": None, "nested": {"b": [1, 2.5, True], "a": None}},
            after={"pressed": number},
            at=after(number),
        )


@contextmanager
def unguarded() -> Iterator[None]:
    """As somebody who may alter the table could have it."""
    verbs = append_only_tables.VERBS
    with connection.cursor() as cursor:
        for verb in verbs:
            on = f" ON {TABLE}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER {append_only_tables.trigger(TABLE, verb)}{on}")
    yield
    append_only_tables.guard(TABLE, using="default")


def tamper(sql: str, *values: str | int) -> None:
    with unguarded(), connection.cursor() as cursor:
        cursor.execute(sql, values)


def with_its_digest(number: int, **changes: str) -> None:
    """Change a row and give it the digest of what it says now, as somebody who read the code would."""
    row = Audit.objects.values(*chain.FIELDS).get(number=number)
    link = row | {"at": to_ms(row["at"])} | changes
    names = ", ".join(f"{name} = %s" for name in [*changes, "digest"])
    tamper(f"UPDATE {TABLE} SET {names} WHERE number = %s", *changes.values(), chain.digest(link), number)


def test_an_empty_chain_is_whole() -> None:
    found = audit_check.verify()

    assert (found.links, found.broken, found.end.digest) == (0, None, GENESIS)
    assert audit_check.recent().verdict is Verdict.PASS


def test_an_untouched_chain_is_whole() -> None:
    write(5)

    found = audit_check.verify()

    assert (found.links, found.broken) == (5, None)
    assert found.end.number == 5
    assert found.end.digest == AuditHead.objects.get().digest == Audit.objects.get(number=5).digest


def test_a_chain_longer_than_a_page_is_followed_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_check, "LINKS_AT_ONCE", 3)
    write(7)

    assert audit_check.verify().links == 7


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("who", "nobody"),
        ("role", "viewer"),
        ("from_address", "10.0.0.1"),
        ("what", "reset"),
        ("target", "0xcd"),
        ("outcome", "refused"),
        ("reason", "another"),
        ("before", '{"halt": "manual_halt"}'),
        ("after", "{}"),
        ("at", "2020-01-01 00:00:00+00:00"),
        ("digest", "ab" * 32),
    ],
)
def test_a_changed_row_is_found(field: str, value: str) -> None:
    write(5)

    tamper(f"UPDATE {TABLE} SET {field} = %s WHERE number = 3", value)

    found = audit_check.verify()
    assert found.broken is not None
    assert (found.broken.number, found.broken.flaw) == (3, Flaw.CHANGED)
    assert found.links == 2


def test_a_row_that_was_taken_out_is_a_gap() -> None:
    write(5)

    tamper(f"DELETE FROM {TABLE} WHERE number IN (2, 3)")

    broken = audit_check.verify().broken
    assert broken is not None
    assert (broken.number, broken.flaw) == (2, Flaw.GAP)
    assert broken.words == "links 2 to 3 missing before link 4"


def test_the_first_row_taken_out_is_a_gap_too() -> None:
    write(2)

    tamper(f"DELETE FROM {TABLE} WHERE number = 1")

    broken = audit_check.verify().broken
    assert broken is not None
    assert (broken.number, broken.flaw) == (1, Flaw.GAP)


def test_a_row_replaced_with_a_digest_that_fits_breaks_the_next() -> None:
    write(5)

    with_its_digest(3, reason="nothing to see here")

    broken = audit_check.verify().broken
    assert broken is not None
    assert (broken.number, broken.flaw) == (4, Flaw.ORDER)


def test_two_rows_that_changed_places_are_found() -> None:
    write(5)

    tamper(f"UPDATE {TABLE} SET number = 1000 WHERE number = 2")
    tamper(f"UPDATE {TABLE} SET number = 2 WHERE number = 3")
    tamper(f"UPDATE {TABLE} SET number = 3 WHERE number = 1000")

    broken = audit_check.verify().broken
    assert broken is not None
    assert (broken.number, broken.flaw) == (2, Flaw.CHANGED)


def test_the_last_row_taken_out_does_not_match_the_head() -> None:
    write(3)

    tamper(f"DELETE FROM {TABLE} WHERE number = 3")

    broken = audit_check.verify().broken
    assert broken is not None
    assert (broken.number, broken.flaw) == (3, Flaw.HEAD)
    assert broken.words == "the head is at link 3, the last link there is has number 2"


def test_the_last_row_replaced_with_a_digest_that_fits_does_not_match_the_head() -> None:
    write(3)

    with_its_digest(3, who="nobody")

    broken = audit_check.verify().broken
    assert broken is not None
    assert (broken.number, broken.flaw) == (3, Flaw.HEAD)


def test_a_head_set_back_is_found() -> None:
    write(3)

    AuditHead.objects.update(number=2, digest=Audit.objects.get(number=2).digest)

    broken = audit_check.verify().broken
    assert broken is not None
    assert (broken.number, broken.flaw) == (3, Flaw.HEAD)
    assert audit_check.recent().verdict is Verdict.FAIL


def test_a_head_that_is_gone_is_found() -> None:
    write(3)

    AuditHead.objects.all().delete()

    broken = audit_check.verify().broken
    assert broken is not None
    assert broken.flaw is Flaw.HEAD


def test_the_health_check_follows_the_last_links_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_check, "LINKS_CHECKED", 3)
    write(10)
    tamper(f"UPDATE {TABLE} SET who = 'nobody' WHERE number = 2")

    check = audit_check.recent()

    assert (check.verdict, check.detail) == (Verdict.PASS, "10 links, the last 3 follow each other")
    tamper(f"UPDATE {TABLE} SET who = 'nobody' WHERE number = 9")
    check = audit_check.recent()
    assert check.verdict is Verdict.FAIL
    assert "link 9 was changed" in check.detail
    tamper(f"DELETE FROM {TABLE} WHERE number = 7")
    assert "link 7 is missing" in audit_check.recent().detail


def test_the_health_check_misses_the_triggers() -> None:
    write(1)

    with unguarded():
        check = audit_check.recent()

    assert check.verdict is Verdict.WARN
    assert "manage.py migrate" in check.next_step
    assert audit_check.recent().verdict is Verdict.PASS


@pytest.mark.parametrize(
    "sql",
    [
        f"UPDATE {TABLE} SET who = 'nobody'",
        f"UPDATE {TABLE} SET number = number + 10",
        f"DELETE FROM {TABLE}",
        f"DELETE FROM {TABLE} WHERE number = 1",
    ],
)
def test_the_database_refuses_to_change_a_row(sql: str) -> None:
    write(2)

    with (
        pytest.raises(DatabaseError, match="risk_audit rows are never changed or deleted"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)

    assert audit_check.verify().links == 2


def test_the_program_refuses_it_first() -> None:
    write(1)

    with pytest.raises(FactChanged):
        Audit.objects.all().delete()
    with pytest.raises(FactChanged):
        Audit.objects.get().save()


def test_the_triggers_are_made_once_and_again_when_lost() -> None:
    append_only_tables.guard(TABLE, using="default")
    append_only_tables.guard("no_such_table", using="default")
    with unguarded():
        assert not append_only_tables.is_guarded(TABLE)

        call_command("migrate", verbosity=0)

        assert append_only_tables.is_guarded(TABLE)


def answer(client: Client) -> dict[str, Any]:
    found = client.get("/api/v1/audit/verify")
    assert found.status_code == 200
    return dict(found.json())


def test_the_api_says_whether_the_record_is_whole(client: Client, vera: object) -> None:
    client.force_login(vera)  # type: ignore[arg-type]
    write(3)

    whole = answer(client)

    assert (whole["whole"], whole["links"], whole["end_number"], whole["flaw"]) == (True, 3, 3, None)
    tamper(f"UPDATE {TABLE} SET who = 'nobody' WHERE number = 2")
    broken = answer(client)
    assert (broken["whole"], broken["links"], broken["broken_number"], broken["flaw"]) == (
        False,
        1,
        2,
        "changed",
    )


def test_one_verification_runs_at_a_time(client: Client, vera: object) -> None:
    client.force_login(vera)  # type: ignore[arg-type]
    with audit_check._verifying:
        answer = client.get("/api/v1/audit/verify")
        with pytest.raises(Contended):
            audit_check.verify()

    assert answer.status_code == 409
    assert "is being verified already" in answer.json()["detail"]


def test_the_record_is_for_those_who_may_look(client: Client) -> None:
    assert client.get("/api/v1/audit/verify").status_code == 401


def test_the_command_says_what_it_found() -> None:
    write(2)
    assert run("verify_audit") == f"whole: 2 links, the last digest is {AuditHead.objects.get().digest}"

    tamper(f"DELETE FROM {TABLE} WHERE number = 1")
    with pytest.raises(SystemExit) as ended:
        run("verify_audit")
    assert ended.value.code == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("writers", [2, 8])
def test_many_writers_at_once_make_one_chain_without_gaps(writers: int) -> None:
    each = 12
    together(writers, lambda: write(each))

    found = audit_check.verify()

    assert found.broken is None
    assert found.links == found.end.number == writers * each


@pytest.mark.django_db(transaction=True)
def test_a_control_that_fails_leaves_no_link_and_no_gap() -> None:
    write(1)

    def write_and_fail() -> None:
        with transaction.atomic():
            write(1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    write(1)

    assert audit_check.verify().links == 2


@pytest.mark.django_db(transaction=True)
def test_it_is_whole_while_others_write() -> None:
    stop = threading.Event()

    def write_on() -> None:
        while not stop.is_set():
            write(1)

    def verify() -> None:
        try:
            for _ in range(20):
                assert audit_check.verify().broken is None
                assert audit_check.recent().verdict is Verdict.PASS
        finally:
            stop.set()

    together(1, write_on, verify)

    assert audit_check.verify().broken is None
