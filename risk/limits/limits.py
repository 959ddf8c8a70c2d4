"""The agreed limits: versions in the database, the newest binds. Changed here and nowhere else.

``config/`` gives the first version. From then on a change of the files changes nothing until somebody agrees to it;
the health check says where the two differ. Two who change at once: one wins, the other is told and looks again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from core.units import Ms
from infra import logs
from infra.clock import to_datetime, to_ms
from risk.access.people import Actor
from risk.access.powers import Control, require
from risk.audit.record import record, refuse, require_reason
from risk.errors import Contended, LimitsWrong, RiskError
from risk.limits.fields import UNITS, LimitFields, Turn, Value, complaints, shown, turn
from risk.models import AuditOutcome, LimitsVersion

FIRST: Final = 1
FROM_CONFIG: Final = "config"
REASON_MAX: Final = 300

log = logs.get("risk")


@dataclass(frozen=True, slots=True)
class Agreed:
    """One version of all limits."""

    number: int
    at_ms: Ms
    by: str
    reason: str
    fields: LimitFields


@dataclass(frozen=True, slots=True)
class Change:
    """One limit before and after, as people write it."""

    name: str
    before: str
    after: str
    turn: Turn


def configured() -> LimitFields:
    """What the files say: the first version, and what later ones are compared with."""
    limits: LimitFields = settings.POLYLOLY.limits
    return limits


def agreed() -> Agreed | None:
    """The version that binds; ``None`` before anybody started. Raises ``ValueError`` when a row cannot be read: limits
    that nobody can read are none, and who asks must not trade."""
    row = LimitsVersion.objects.order_by("-number").first()
    return None if row is None else _read(row)


def binding() -> LimitFields:
    """The limits that bind now."""
    newest = agreed()
    return configured() if newest is None else newest.fields


def agree_first(*, at: Ms) -> Agreed:
    """The version that binds; the files' own becomes the first where there is none. Several may ask at once."""
    newest = agreed()
    if newest is not None:
        return newest
    try:
        with transaction.atomic():
            row = LimitsVersion.objects.create(
                number=FIRST,
                at=to_datetime(at),
                by_name=FROM_CONFIG,
                reason="the first start",
                values=configured().values(),
                before={},
            )
    except IntegrityError:
        newest = agreed()
        assert newest is not None, "somebody else made the first version in this moment"
        return newest
    log.info("limits agreed", number=FIRST, by=FROM_CONFIG)
    return _read(row)


def changes_of(before: LimitFields, after: LimitFields) -> list[Change]:
    """What differs, and which way."""
    was, now = before.numbers(), after.numbers()
    return [
        Change(name, shown(name, was[name]), shown(name, now[name]), turn(name, was[name], now[name]))
        for name in UNITS
        if was[name] != now[name]
    ]


def change(
    changes: Mapping[str, object], *, reason: str, expected_number: int, by: Actor, at: Ms
) -> tuple[Agreed, list[Change]]:
    """Agree to other limits: a risk admin, with a reason, knowing the version that binds.

    Raises ``NotAllowed``, ``ReasonMissing``, ``LimitsWrong`` with every complaint at once, or ``Contended`` when
    another version was agreed since ``expected_number`` was looked at. Every refusal is recorded. The runners take it
    up within a second.
    """
    require(by, Control.LIMITS, target=None, reason=reason, at=at)
    require_reason(by, Control.LIMITS, target=None, reason=reason, at=at)
    try:
        before = agree_first(at=at)
        if before.number != expected_number:
            raise Contended(
                f"{before.by} agreed to version {before.number} meanwhile ({before.reason}): look again, then repeat"
            )
        after = _changed(before.fields, changes)
        found = changes_of(before.fields, after)
        if not found:
            raise LimitsWrong({}, "nothing would change: these are the limits that bind")
        made = _write(before, after, found, reason=reason[:REASON_MAX], by=by, at=at)
    except RiskError as refusal:
        refuse(by, Control.LIMITS, target=None, reason=reason, why=refusal, at=at)
        raise
    log.warning("limits changed", number=made.number, by=by.name, reason=reason,
                changes=[f"{each.name} {each.before} -> {each.after}" for each in found])  # fmt: skip
    return made, found


def agree(*, reason: str, by: Actor, at: Ms) -> Agreed:
    """Put a person's name under the limits as they bind: a version with the same values.

    Raises ``NotAllowed``, ``ReasonMissing`` or ``Contended``.
    """
    require(by, Control.LIMITS, target=None, reason=reason, at=at)
    require_reason(by, Control.LIMITS, target=None, reason=reason, at=at)
    before = agree_first(at=at)
    made = _write(before, before.fields, [], reason=reason[:REASON_MAX], by=by, at=at)
    log.warning("limits agreed", number=made.number, by=by.name, reason=reason)
    return made


def versions() -> QuerySet[LimitsVersion]:
    return LimitsVersion.objects.order_by("-pk")


def _changed(before: LimitFields, changes: Mapping[str, object]) -> LimitFields:
    values: dict[str, Any] = {**before.values(), **changes}
    wrong = complaints(values)
    if wrong:
        words = "; ".join(f"{each.name} {each.words}" for each in wrong)
        raise LimitsWrong({each.name: each.words for each in wrong}, words)
    return LimitFields.model_validate(values)


def _write(
    before: Agreed, after: LimitFields, found: list[Change], *, reason: str, by: Actor, at: Ms
) -> Agreed:
    try:
        with transaction.atomic():
            row = LimitsVersion.objects.create(
                number=before.number + 1,
                at=to_datetime(at),
                by_name=by.name,
                by=by.user,
                reason=reason,
                values=after.values(),
                before=before.fields.values(),
            )
            record(
                by,
                Control.LIMITS,
                target=f"version {row.number}",
                outcome=AuditOutcome.DONE,
                reason=reason,
                before={each.name: each.before for each in found},
                after={each.name: each.after for each in found},
                at=at,
            )
    except IntegrityError as error:
        raise Contended("somebody agreed to other limits in this moment: look again, then repeat") from error
    return _read(row)


def _read(row: LimitsVersion) -> Agreed:
    values: dict[str, Value] = row.values
    # A limit that came with a later version of the program binds as the files have it.
    whole = {**configured().values(), **{name: value for name, value in values.items() if name in UNITS}}
    return Agreed(row.number, to_ms(row.at), row.by_name, row.reason, LimitFields.model_validate(whole))
