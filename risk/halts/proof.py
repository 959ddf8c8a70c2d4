"""What the runners answer to a halt, and when it counts as proven (trading.md 12).

A runner enlists when it starts. To each round of each halt it answers once (``acknowledge_halt``: nothing leaves
from here on), then tells its progress (``step_halt_report``) and asks for the proof (``prove_halt``) until it is
given. A proof needs two clean answers of the venue in a row, no unknown order, and the time after which an order
already under way must have appeared.
"""

from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.db.models import F, Value
from django.db.models.functions import Greatest

from core.units import Ms
from infra import logs
from infra.clock import to_datetime
from risk import notices
from risk.models import HaltReport, Runner

CLEAN_ANSWERS = 2

log = logs.get("risk")


def enlist_runner(name: str, *, at: Ms, account_id: int | None = None) -> None:
    """From now on ``name`` owes an answer to every halt, also after it crashed, until it is dismissed.

    account_id: whose cash it shares with the others of the same account (``risk.limits.budgets``); ``None``: nobody's.
    """
    now = {"left": None, "account_id": account_id}
    Runner.objects.update_or_create(
        name=name, defaults=now, create_defaults={**now, "enlisted": to_datetime(at)}
    )


def dismiss_runner(name: str, *, at: Ms) -> None:
    """``name`` ended in good order: its orders are cancelled or handed over."""
    Runner.objects.filter(name=name, left__isnull=True).update(left=to_datetime(at))


def acknowledge_halt(
    *, round_id: int, runner: str, at: Ms, orders_open: int, last_sent_at: Ms | None, provable_from: Ms
) -> None:
    """``runner`` has stopped: no order leaves it after this. Answering again after a crash is harmless.

    Units:
        orders_open:   own orders that may rest at the venue now.
        provable_from: last send + the longest taker delay + 1 s; ``at`` when nothing was sent.
    """
    with transaction.atomic():
        try:
            with transaction.atomic():
                HaltReport.objects.create(
                    round_id=round_id,
                    runner=runner,
                    acked=to_datetime(at),
                    orders_open=orders_open,
                    last_sent=None if last_sent_at is None else to_datetime(last_sent_at),
                    provable_from=to_datetime(provable_from),
                    cancelled=0,
                    asked=0,
                    clean_answers=0,
                    open_ids=[],
                    unknown_left=0,
                    unknown_ids=[],
                )
        except IntegrityError:
            HaltReport.objects.filter(round_id=round_id, runner=runner, proven__isnull=True).update(
                orders_open=Greatest(F("orders_open"), Value(orders_open)),
                provable_from=to_datetime(provable_from),
                clean_answers=0,
            )
        notices.consoles_on_commit()
    log.warning("runner stopped", runner=runner, round=round_id, orders_open=orders_open)


def step_halt_report(
    *,
    round_id: int,
    runner: str,
    at: Ms,
    cancelled: int,
    still_open: Sequence[str] | None,
    unknown: Sequence[str],
    note: str | None = None,
) -> None:
    """Say how far the cancelling is. Call it after every answer of the venue, at least twice, and when none comes.

    Units:
        cancelled:  of ``orders_open``, how many rest no more.
        still_open: order ids in the venue's answer just now; ``None`` when it was not asked or did not answer.
        unknown:    ids of orders nobody can vouch for.
        note:       what the figures cannot say; ``None`` takes an earlier one back.
    """
    moment = to_datetime(at)
    report = HaltReport.objects.filter(round_id=round_id, runner=runner, proven__isnull=True)
    with transaction.atomic():
        report.exclude(cancelled=cancelled).update(cancelled=cancelled, cancelled_at=moment)
        report.update(unknown_left=len(unknown), unknown_ids=list(unknown), note=note)
        if still_open is not None:
            clean = not still_open and not unknown
            report.update(
                asked=F("asked") + 1,
                asked_at=moment,
                clean_answers=F("clean_answers") + 1 if clean else 0,
                open_left=len(still_open),
                open_ids=list(still_open),
            )
        notices.consoles_on_commit()


def prove_halt(*, round_id: int, runner: str, at: Ms) -> bool:
    """Close the report as proven if what was reported amounts to a proof. True when it is (also: already was).

    The condition is in the UPDATE itself, and the database refuses a proof without two clean answers.
    """
    moment = to_datetime(at)
    with transaction.atomic():
        proven = HaltReport.objects.filter(
            round_id=round_id,
            runner=runner,
            proven__isnull=True,
            open_left=0,
            unknown_left=0,
            clean_answers__gte=CLEAN_ANSWERS,
            provable_from__lte=moment,
        ).update(proven=moment, cancelled=F("orders_open"))
        if proven:
            notices.consoles_on_commit()
    if proven:
        log.warning("halt proven", runner=runner, round=round_id)
        return True
    return HaltReport.objects.filter(round_id=round_id, runner=runner, proven__isnull=False).exists()
