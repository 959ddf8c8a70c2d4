"""Is the audit's chain whole? All of it, page by page; or its last links, quickly."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Max

from infra import append_only_tables, checks
from infra.checks import Check
from infra.clock import to_ms
from risk.audit import chain
from risk.audit.chain import BEGINNING, Broken, End, Link
from risk.audit.record import HEAD
from risk.errors import Contended
from risk.models import Audit, AuditHead

TABLE: Final = "risk_audit"
LINKS_AT_ONCE: Final = 1_000
LINKS_CHECKED: Final = 200
NAME: Final = "audit"

_verifying = threading.Lock()


@dataclass(frozen=True, slots=True)
class Verified:
    """links: how many were followed and are whole. ``end``: where they end; note it elsewhere to compare later."""

    links: int
    end: End
    broken: Broken | None


def verify() -> Verified:
    """Follow the whole chain, a thousand links in memory at a time; links written meanwhile are left for the next.

    Raises ``Contended`` while another verification runs in this process: it reads the whole table.
    """
    if not _verifying.acquire(blocking=False):
        raise Contended("the audit is being verified already: wait for that answer, or ask again later")
    try:
        return _follow(BEGINNING, *_ends())
    finally:
        _verifying.release()


def recent() -> Check:
    """The health check: the last links, the head, and that the database refuses to change them."""
    newest, head = _ends()
    first = max(0, min(newest, head.number) - LINKS_CHECKED)
    begin = BEGINNING if first == 0 else _end_of(first)
    if begin is None:
        return _failed(f"link {first} is missing")
    found = _follow(begin, newest, head)
    if found.broken is not None:
        return _failed(found.broken.words)
    if not append_only_tables.is_guarded(TABLE):
        words = "the chain holds, but the database would let rows be changed"
        return checks.warned(NAME, words, "run manage.py migrate, which makes the triggers anew")
    return checks.passed(NAME, f"{found.end.number} links, the last {found.links} follow each other")


def whole() -> Check:
    """The preflight's check: every link from the first."""
    name = "whole audit"
    try:
        found = verify()
    except Contended as error:
        return checks.failed(name, str(error), "ask again")
    if found.broken is not None:
        return checks.failed(
            name, found.broken.words, "keep the database as it is, run manage.py verify_audit, read bot.jsonl"
        )
    return checks.passed(name, f"{found.links} links, each follows the one before")


def guard(*, using: str, **_: Any) -> None:
    """Let the database itself refuse changes of the record: after every migration, as often as you like."""
    append_only_tables.guard(TABLE, using=using)


def _failed(words: str) -> Check:
    return checks.failed(
        NAME, words, "keep the database as it is, run manage.py verify_audit, compare with bot.jsonl"
    )


def _ends() -> tuple[int, End]:
    """The newest number, then the head: in this order a head behind the links is never two writers' timing."""
    newest = Audit.objects.aggregate(newest=Max("number"))["newest"] or 0
    head = AuditHead.objects.filter(pk=HEAD).values_list("number", "digest").first()
    return newest, BEGINNING if head is None else End(*head)


def _end_of(number: int) -> End | None:
    found = Audit.objects.filter(number=number).values_list("number", "digest").first()
    return None if found is None else End(*found)


def _follow(begin: End, newest: int, head: End) -> Verified:
    end, links = begin, 0
    for found in chain.follow(_links(begin.number, head.number), begin):
        if isinstance(found, Broken):
            return Verified(links, end, found)
        end, links = found, links + 1
    last = end if newest <= head.number else End(newest, end.digest)
    return Verified(links, end, chain.flaw_of_head(head, last))


def _links(after: int, until: int) -> Iterator[Link]:
    """The links with numbers above ``after`` up to ``until``, in order."""
    while True:
        rows = Audit.objects.filter(number__gt=after, number__lte=until).order_by("number")
        page = list(rows.values(*chain.FIELDS, "digest")[:LINKS_AT_ONCE])
        for row in page:
            yield row | {"at": to_ms(row["at"])}
        if len(page) < LINKS_AT_ONCE:
            return
        after = page[-1]["number"]
