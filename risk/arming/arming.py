"""Arm, disarm, and what ends an arming by itself: the only writes of it (``core.arming`` has the table).

Arming loosens: a risk admin, a preflight that passed a moment ago, a typed phrase, a reason, and a second person where
one is asked for. Disarming is the safe direction: an operator, at any time, without a reason. Whoever trades hears of
both on the bus and reads the row each second; the row of an order is written only while the arming's is in force.
"""

from typing import Final

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from redis import RedisError

from core import arming as table
from core.arming import WORDS, Ending, Here, Place
from core.events import Halted, Resumed
from core.units import Ms
from infra import clock, logs
from infra.clock import to_datetime
from risk import notices, selectors
from risk.access import consent
from risk.access.people import Actor, process
from risk.access.powers import Control, require
from risk.arming import armings
from risk.arming.armings import ArmingInForce
from risk.audit.record import record, refuse, require_reason
from risk.errors import ArmRefused, Contended, NothingToArm, RiskError, SecondPersonNeeded
from risk.models import Arming, AuditOutcome, Consent

NOT_ARMED: Final = "not_armed"  # what a runner that trades with a wallet halts for
TEXT_MAX: Final = 300
# A light that is out for this long (real) is no hiccup of Redis: the trader has ended.
GONE_MS: Final = 10_000
USE: Final = """
    UPDATE risk_arming SET used = %s WHERE id = %s AND ended IS NULL AND COALESCE(used, began) > %s
"""

log = logs.get("risk")


def arm(*, typed: str, reason: str, by: Actor, at: Ms) -> ArmingInForce:
    """Let orders spend the wallet's money: a risk admin, with the phrase (``core.arming.phrase``) and a reason.

    Raises ``NotAllowed``, ``ReasonMissing``, ``NothingToArm``, ``ArmRefused`` with everything that stands in the way,
    ``SecondPersonNeeded`` until another risk admin agreed, where two are asked for, or ``Contended`` when somebody
    armed in the same moment. Every refusal is recorded. Nothing is asked of the second person before all else is right.
    """
    require(by, Control.ARM, target=None, reason=reason, at=at)
    require_reason(by, Control.ARM, target=None, reason=reason, at=at)
    try:
        where, lives = _place(), _lives()
        here = Here(where, lives, stays=settings.POLYLOLY.live_stays_armed)
        before = armings.arming_in_force()
        held = before is not None and before.ends_for(here, at) is None
        checked = armings.newest_preflight(where)
        now = table.standing(armed=held, halted=selectors.halt_in_force() is not None)
        found = table.refusals(now, where, armings.checked(checked), typed=typed, lives=lives, at=at)
        if found:
            raise ArmRefused([each.words for each in found], found[0].field if len(found) == 1 else None)
        assert checked is not None, "its absence is a refusal"
        about = {"mode": where.mode, "wallet": where.wallet}
        agreed = consent.second(Control.ARM, about=about, reason=reason, by=by, at=at)
        if before is not None:
            _end_over(before, here, at=at)
        made = _write(where, lives, checked.pk, reason=reason[:TEXT_MAX], by=by, at=at, agreed=agreed)
    except SecondPersonNeeded:
        raise  # recorded as asked for
    except RiskError as refusal:
        refuse(by, Control.ARM, target=None, reason=reason, why=refusal, at=at)
        raise
    log.warning("armed", event_type="armed", wallet=where.wallet, by=by.name, reason=reason)
    return made


def disarm(*, reason: str, by: Actor, at: Ms) -> bool:
    """No order leaves from here on, and what rests is withdrawn: an operator, at any time. False: nothing was armed.

    Raises ``NotAllowed``. A database that does not answer raises its error: press HALT then, which is kept.
    """
    require(by, Control.DISARM, target=None, reason=reason, at=at)
    found = armings.arming_in_force()
    reason = (reason.strip() or f"by {by.name}")[:TEXT_MAX]
    if found is None:
        record(
            by,
            Control.DISARM,
            outcome=AuditOutcome.DONE,
            reason=reason,
            before={"armed": None},
            after={"armed": None},
            at=at,
        )
        return False
    return _end(found, what=Control.DISARM, reason=reason, by=by, at=at)


def use_arming(arming_id: int, *, at: Ms) -> bool:
    """An order is about to leave under it: in the transaction that writes its row. False: it is in force no more.

    Whoever disarms waits for that transaction or it for them. In plain SQL: every order waits for it.
    """
    now, idle = (
        connection.ops.adapt_datetimefield_value(to_datetime(moment)) for moment in (at, at - table.UNUSED_MS)
    )
    with connection.cursor() as cursor:
        cursor.execute(USE, (now, arming_id, idle))
        return bool(cursor.rowcount)


class Expiry:
    """Ends armings that hold no more, each second, in ops; nobody trades under one meanwhile (``core.arming``)."""

    def __init__(self) -> None:
        self._gone_ms: int | None = None  # since when (real) none of its traders beats

    def look(self, *, at: Ms) -> None:
        found = armings.arming_in_force()
        if found is None:
            self._gone_ms = None
            return
        where = armings.place() or Place(settings.POLYLOLY.mode.value, "")
        here = Here(where, self._lives(found), stays=settings.POLYLOLY.live_stays_armed)
        _end_over(found, here, at=at)

    def _lives(self, found: ArmingInForce) -> frozenset[str]:
        """Those that beat; a light that is out since a moment ago counts, and so does one nobody could ask for."""
        try:
            lives = armings.trader_lives()
        except RedisError as error:
            log.warning("whether the armed trader lives is not known", error=str(error))
            return found.armed.lives
        if lives & found.armed.lives:
            self._gone_ms = None
            return lives
        now = clock.monotonic_ms()
        self._gone_ms = now if self._gone_ms is None else self._gone_ms
        return lives if now - self._gone_ms >= GONE_MS else found.armed.lives


def _end_over(found: ArmingInForce, here: Here, *, at: Ms) -> Ending | None:
    """End it where it holds no more for ``here``. By the program, on record."""
    why = found.ends_for(here, at)
    if why is not None:
        _end(found, what="expire-arming", reason=WORDS[why], by=process("watchdog"), at=at)
    return why


def _end(found: ArmingInForce, *, what: str, reason: str, by: Actor, at: Ms) -> bool:
    with transaction.atomic():
        in_force = Arming.objects.filter(pk=found.arming_id, ended__isnull=True)
        if not in_force.update(ended=to_datetime(at), ended_by_name=by.name[:150], ended_reason=reason):
            return False
        record(
            by,
            what,
            target=found.armed.place.wallet,
            outcome=AuditOutcome.DONE,
            reason=reason,
            before={"armed": found.arming_id, "by": found.by},
            after={"armed": None},
            at=at,
        )
        notices.on_commit(Halted(None, NOT_ARMED, at))
    log.warning("not armed any more", event_type="disarmed", what=what, by=by.name, reason=reason)
    return True


def _write(
    where: Place,
    lives: frozenset[str],
    preflight_id: int,
    *,
    reason: str,
    by: Actor,
    at: Ms,
    agreed: Consent | None,
) -> ArmingInForce:
    try:
        with transaction.atomic():
            row = Arming.objects.create(
                mode=where.mode,
                wallet=where.wallet,
                preflight_id=preflight_id,
                reason=reason,
                began=to_datetime(at),
                by_name=by.name,
                by=by.user,
                process=" ".join(sorted(lives)),
            )
            seconded = consent.use(agreed, at=at)
            record(
                by,
                Control.ARM,
                target=where.wallet,
                outcome=AuditOutcome.DONE,
                reason=reason,
                before={"armed": None},
                after={"armed": row.pk, "mode": where.mode, "preflight": preflight_id, **seconded},
                at=at,
            )
            notices.on_commit(Resumed(None, "armed", at))
    except IntegrityError as error:
        raise Contended("somebody else armed in this moment: look, then decide") from error
    return armings.read(row)


def _place() -> Place:
    """Raises ``NothingToArm``."""
    chosen = settings.POLYLOLY
    if not chosen.needs_arming:
        raise NothingToArm(
            f"nothing is armed in {chosen.mode}: it takes VENUE=polymarket PAPER_TRADING=false"
        )
    where = armings.place()
    if where is None:
        raise NothingToArm(
            "this process does not know the wallet: set WALLET_ADDRESS, or start the stack once"
        )
    return where


def _lives() -> frozenset[str]:
    """Raises ``ArmRefused`` where nobody can tell."""
    try:
        return armings.trader_lives()
    except RedisError as error:
        raise ArmRefused(
            [f"whether a trader runs is not known, Redis does not answer: {error}"], None
        ) from error
