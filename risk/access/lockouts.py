"""A bound on guessing: after so many wrong tries nothing more is looked at for a while, right or wrong.

What is counted, each by itself: a name, wherever the tries come from; an address, whatever the name; and instead of
both a browser that this person has logged in with before (``known_browser``), so that nobody who knows a name can
lock its owner out. Counts live in Redis, or in this process while that is away; lockouts are rows, with a link of the
audit and an alert. Spans are real time, whatever the clock's speed.

HALT is never in its way: from this machine it needs no token, and with a right one it is open through a lockout.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from core.units import Ms
from infra import clock, logs, tally
from infra.clock import to_datetime, to_ms
from risk.access.people import Actor, Role
from risk.access.powers import Control, require
from risk.audit.record import record
from risk.errors import LockedOut, UnknownLockout
from risk.models import AuditOutcome, Lockout, LockoutKind

SHOWN_MAX: Final = 100

log = logs.get("risk")


class Policy(Protocol):
    """How many, and for how long: the settings' section ``log_in``."""

    @property
    def tries_person(self) -> int: ...
    @property
    def tries_address(self) -> int: ...
    @property
    def window_min(self) -> int: ...
    @property
    def cool_off_min(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom tries are counted of."""

    kind: LockoutKind
    name: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One try under way: its number among the tries of each subject, and of which row of lockouts it is after."""

    tickets: tuple[tuple[Subject, int, int], ...]
    from_address: str


def of_name(name: str, *, browser: str | None, visitor: str) -> tuple[Subject, ...]:
    """Who tries a name and a password. ``browser``: the id of one that this person logged in with before."""
    if browser is not None:
        return (Subject(LockoutKind.BROWSER, browser),)
    return (Subject(LockoutKind.PERSON, _told_apart(name)), Subject(LockoutKind.ADDRESS, visitor))


def of_session(user: User) -> tuple[Subject, ...]:
    """Somebody who is logged in and says the password once more."""
    return (Subject(LockoutKind.SESSION, user.get_username()),)


def of_links(visitor: str) -> tuple[Subject, ...]:
    return (Subject(LockoutKind.ADDRESS, visitor),)


def of_tokens(visitor: str) -> tuple[Subject, ...]:
    return (Subject(LockoutKind.TOKENS, visitor),)


def begin(subjects: Sequence[Subject], *, from_address: str, at: Ms) -> Entry:
    """Count a try before it is looked at: of many at once no more are looked at than are allowed.

    Raises ``LockedOut``.
    """
    # One look: a try that passed it is counted with those that led to the next lockout, not as the first after it.
    numbers = [_let_through(subject, at=at) for subject in subjects]
    tickets = []
    for subject, number in zip(subjects, numbers, strict=True):
        ticket = tally.count(_counted(subject, number), span_s=_policy().window_min * 60)
        tickets.append((subject, number, ticket))
    entry = Entry(tuple(tickets), from_address)
    over = [each for each in tickets if each[2] > _tries_max(each[0])]
    if over:
        raise _lock(over, entry, at=at)
    return entry


def let_through(subjects: Sequence[Subject], *, at: Ms) -> None:
    """Raise ``LockedOut`` where one of them is; counts nothing."""
    for subject in subjects:
        _let_through(subject, at=at)


def _let_through(subject: Subject, *, at: Ms) -> int:
    """How many lockouts it has had; raises ``LockedOut`` while the last of them lasts."""
    newest = _newest(subject)
    if newest is not None and newest.lifted is None and newest.until > to_datetime(at):
        raise _locked_out(newest, at=at)
    return 0 if newest is None else newest.number


def refused(entry: Entry, *, at: Ms) -> None:
    """The try was wrong. Raises ``LockedOut`` when it was the last one."""
    last = [each for each in entry.tickets if each[2] >= _tries_max(each[0])]
    shown = {subject.kind.value: f"{subject.name} {ticket}" for subject, _, ticket in entry.tickets}
    log.warning("log-in refused", from_address=entry.from_address, **shown)
    if last:
        raise _lock(last, entry, at=at)


def welcomed(entry: Entry) -> None:
    """The try was right: this person begins anew; the address keeps what it owes for others, this one taken back."""
    for subject, number, _ in entry.tickets:
        if subject.kind in (LockoutKind.ADDRESS, LockoutKind.TOKENS):
            tally.take_back(_counted(subject, number))
        else:
            tally.forget(_counted(subject, number))


def wrong(subjects: Sequence[Subject], *, from_address: str, at: Ms) -> None:
    """Count one that was looked at already: a secret beyond guessing. Raises ``LockedOut`` when it was the last."""
    refused(begin(subjects, from_address=from_address, at=at), at=at)


def in_force(at: Ms) -> QuerySet[Lockout]:
    """Newest first."""
    return Lockout.objects.filter(lifted__isnull=True, until__gt=to_datetime(at)).order_by("-pk")[:SHOWN_MAX]


def lift(*, lockout_id: int, reason: str, by: Actor, at: Ms) -> Lockout:
    """End one before its time. Raises ``NotAllowed`` and ``UnknownLockout``."""
    what = "lift-lockout"
    require(by, Control.USERS, target=str(lockout_id), reason=reason, at=at)
    moment = to_datetime(at)
    with transaction.atomic():
        waiting = Lockout.objects.filter(pk=lockout_id, lifted__isnull=True, until__gt=moment)
        if not waiting.update(lifted=moment, lifted_by_name=by.name[:150]):
            raise UnknownLockout(f"no lockout in force has the number {lockout_id}")
        row = Lockout.objects.get(pk=lockout_id)
        _record(by, what, row, reason=reason, after={"lifted": True}, at=at)
    log.warning("lockout lifted", kind=row.kind, subject=row.subject, by=by.name)
    return row


def minutes_left(row: Lockout, *, at: Ms) -> int:
    """Real minutes until it is over, rounded up."""
    return -(-seconds_left(to_ms(row.until), at=at) // 60)


def seconds_left(until: Ms, *, at: Ms) -> int:
    """Real seconds, rounded up; at least one."""
    return max(1, int(-(-(until - at) // (1000 * clock.speed()))))


def _lock(over: Sequence[tuple[Subject, int, int]], entry: Entry, *, at: Ms) -> LockedOut:
    """Begin the lockout of each, unless another try of the same moment did; what to raise."""
    rows = [
        _begin_lockout(subject, number + 1, tries=ticket, from_address=entry.from_address, at=at)
        for subject, number, ticket in over
    ]
    return _locked_out(max(rows, key=lambda row: row.until), at=at)


def _begin_lockout(subject: Subject, number: int, *, tries: int, from_address: str, at: Ms) -> Lockout:
    span_ms = _policy().cool_off_min * 60_000 * clock.speed()
    try:
        with transaction.atomic():
            row = Lockout.objects.create(
                kind=subject.kind.value,
                subject=subject.name,
                number=number,
                began=to_datetime(at),
                until=to_datetime(at + int(span_ms)),
                tries=tries,
                from_address=from_address,
            )
            door = Actor("log-in", Role.VIEWER, from_address, None)
            said = f"{tries} wrong tries within {_policy().window_min} minutes"
            _record(
                door,
                "lock-out",
                row,
                reason=said,
                after={"until_ms": to_ms(row.until), "tries": tries},
                at=at,
            )
    except IntegrityError:
        return Lockout.objects.get(kind=subject.kind.value, subject=subject.name, number=number)
    log.warning("locked out", kind=row.kind, subject=row.subject, tries=tries, from_address=from_address)
    return row


def _locked_out(row: Lockout, *, at: Ms) -> LockedOut:
    until = to_ms(row.until)
    seconds = seconds_left(until, at=at)
    minutes = -(-seconds // 60)
    words = (
        f"too many wrong tries: nothing more is looked at until {row.until:%H:%M:%S} UTC (in {minutes} min). Nobody "
        "can wait: manage.py login_link NAME on the machine lets in once, manage.py unlock ends it"
    )
    return LockedOut(words, until_ms=until, seconds=seconds)


def _newest(subject: Subject) -> Lockout | None:
    return Lockout.objects.filter(kind=subject.kind.value, subject=subject.name).order_by("-number").first()


def _counted(subject: Subject, number: int) -> str:
    """The tally's name: with every lockout the next one is counted for from nothing."""
    digest = hashlib.sha256(subject.name.encode()).hexdigest()[:32]
    return f"tries:{subject.kind}:{digest}:{number}"


def _told_apart(name: str) -> str:
    """A name as it is kept. What is nobody's name may be a password typed into the wrong field: its digest alone."""
    known = User.objects.filter(username__iexact=name).values_list("username", flat=True).first()
    if known is not None:
        return known
    return f"unknown name {hashlib.sha256(name.casefold().encode()).hexdigest()[:12]}"


def _tries_max(subject: Subject) -> int:
    wide = subject.kind in (LockoutKind.ADDRESS, LockoutKind.TOKENS)
    return _policy().tries_address if wide else _policy().tries_person


def _policy() -> Policy:
    found: Policy = settings.POLYLOLY.log_in
    return found


def _record(by: Actor, what: str, row: Lockout, *, reason: str, after: dict[str, object], at: Ms) -> None:
    target = f"{row.kind} {row.subject}"[:100]
    outcome = AuditOutcome.DONE
    record(by, what, target=target, outcome=outcome, reason=reason, before={}, after=after, at=at)
