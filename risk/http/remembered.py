"""Answers that are given again: the rows behind ``Idempotency-Key``. Over HTTP see ``risk.http.once``.

Whoever inserts the row carries the request out; everybody else with the same key reads what became of it. The
database picks the one: who, path and key are unique together.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import IntegrityError, transaction

from core.units import Ms
from infra import clock
from infra.clock import to_datetime
from risk.errors import KeyUsed, NeverAnswered, UnderWay
from risk.models import Halt, MarketHalt, Remembered

KEPT: Final = timedelta(hours=24)
# Real time. Longer than any request takes; after it nobody is told any more that an answer is on its way.
ANSWERED_WITHIN_MS: Final = 60_000
CLAIMS_MAX: Final = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, as far as it matters for whether it is the same: ``digest`` is over query and body."""

    who: str
    path: str
    key: str
    digest: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What is given again, to the letter."""

    status: int
    content_type: str
    body: str


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to carry a request out, and the duty to ``keep`` its answer or ``let_go``."""

    row: int


def claim(asked: Asked, *, at: Ms) -> Claim | Answer:
    """Be the one who carries the request out, or get the answer of who did.

    Raises ``KeyUsed`` when the key came with another request, ``UnderWay`` and ``NeverAnswered`` when there is no
    answer. A row older than 24 hours is none.
    """
    for _ in range(CLAIMS_MAX):
        made = _insert(asked, at=at)
        if made is not None:
            return made
        found = _row(asked)
        if found is None:
            continue  # it failed just now, and was let go
        if found.at <= to_datetime(at) - KEPT:
            Remembered.objects.filter(pk=found.pk, at=found.at).delete()
            continue
        return _answer(found, asked, at=at)
    raise UnderWay("others send the same key at this moment, and fail: send it again in a moment")


def standing(asked: Asked, *, at: Ms) -> Answer | None:
    """What this very halt was answered before, unless a halt was ended since. Claims nothing, writes nothing."""
    found = _row(asked)
    if found is None or found.at <= to_datetime(at) - KEPT or found.request != asked.digest:
        return None
    ended = any(model.objects.filter(ended__gte=found.at).exists() for model in (Halt, MarketHalt))
    return None if ended else _said(found)


def keep(claim: Claim, answer: Answer) -> None:
    """Give this answer from now on."""
    Remembered.objects.filter(pk=claim.row, status__isnull=True).update(
        status=answer.status, content_type=answer.content_type[:100], body=answer.body
    )


def keep_new(asked: Asked, answer: Answer, *, at: Ms) -> None:
    """Keep the answer of a request that was carried out without a claim, instead of one it got before."""
    Remembered.objects.update_or_create(
        who=asked.who,
        path=asked.path,
        key=asked.key,
        defaults={
            "request": asked.digest,
            "at": to_datetime(at),
            "status": answer.status,
            "content_type": answer.content_type[:100],
            "body": answer.body,
        },
    )


def let_go(claim: Claim) -> None:
    """It failed: whoever sends it again carries it out."""
    Remembered.objects.filter(pk=claim.row, status__isnull=True).delete()


def forget_old(*, at: Ms, batch: int) -> int:
    """Delete rows older than 24 hours, at most ``batch`` of them; how many."""
    old = (
        Remembered.objects.filter(at__lte=to_datetime(at) - KEPT).order_by("at").values_list("pk", flat=True)
    )
    return Remembered.objects.filter(pk__in=list(old[:batch])).delete()[0]


def _insert(asked: Asked, *, at: Ms) -> Claim | None:
    try:
        with transaction.atomic():
            row = Remembered.objects.create(
                who=asked.who, path=asked.path, key=asked.key, request=asked.digest, at=to_datetime(at)
            )
    except IntegrityError:
        return None
    return Claim(row.pk)


def _row(asked: Asked) -> Remembered | None:
    return Remembered.objects.filter(who=asked.who, path=asked.path, key=asked.key).first()


def _answer(found: Remembered, asked: Asked, *, at: Ms) -> Answer:
    came = f"{found.at:%Y-%m-%d %H:%M:%S} UTC"
    if found.request != asked.digest:
        raise KeyUsed(
            f"this key came with another request at {came}: send that one again, or this one with a key of its own"
        )
    said = _said(found)
    if said is not None:
        return said
    waited_ms = round((at - clock.to_ms(found.at)) / clock.speed())
    if waited_ms < ANSWERED_WITHIN_MS:
        raise UnderWay(
            f"the first request with this key came {waited_ms / 1000:.1f} s ago and has not answered yet: "
            "send it again in a moment to get its answer"
        )
    raise NeverAnswered(
        f"the first request with this key came at {came} and never answered: whether it was carried out is not known "
        "here. Look (the audit names every control that was), then repeat it with a key of its own if it was not"
    )


def _said(found: Remembered) -> Answer | None:
    if found.status is None:
        return None
    assert found.content_type is not None, "kept together with the status"
    assert found.body is not None, "kept together with the status"
    return Answer(found.status, found.content_type, found.body)
