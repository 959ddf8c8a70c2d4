"""What the rows say of arming. Reads only; who may trade asks ``standing_of`` each second (``core.arming``)."""

from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db.models import QuerySet
from redis import RedisError

from core.arming import (
    PREFLIGHT_FRESH_MS,
    Armed,
    Checked,
    Ending,
    Here,
    Place,
    ending,
    phrase,
    stale,
)
from core.units import Ms
from infra import heartbeat
from infra.clock import to_ms
from risk.limits.limits import FROM_CONFIG
from risk.models import Arming, LimitsVersion, Preflight

TRADER: Final = "trader"
FAILED: Final = "fail"


@dataclass(frozen=True, slots=True)
class ArmingInForce:
    """An arming nobody has ended. Whether it holds for who asks: ``ends_for``."""

    arming_id: int
    armed: Armed
    by: str
    reason: str

    def ends_for(self, here: Here, now: Ms) -> Ending | None:
        return ending(self.armed, here, now)


def place() -> Place | None:
    """Where orders of this stack go; ``None`` where none are signed, or nobody here knows the wallet."""
    wallet = settings.POLYLOLY.wallet
    return None if wallet is None else Place(settings.POLYLOLY.mode.value, wallet.lower())


def here(lives: frozenset[str]) -> Here | None:
    """Who asks, with the traders it knows of; ``None`` where there is no wallet."""
    where = place()
    return None if where is None else Here(where, lives, stays=settings.POLYLOLY.live_stays_armed)


def trader_lives() -> frozenset[str]:
    """The words of the traders that beat. Raises ``redis.RedisError``."""
    return frozenset(found.life for found in heartbeat.alive() if found.process == TRADER and found.life)


def arming_in_force() -> ArmingInForce | None:
    """The one nobody has ended. One query; runners ask each second."""
    row = Arming.objects.filter(ended__isnull=True).first()
    return None if row is None else read(row)


def read(row: Arming) -> ArmingInForce:
    armed = Armed(
        Place(row.mode, row.wallet),
        to_ms(row.began),
        None if row.used is None else to_ms(row.used),
        frozenset(row.process.split()),
    )
    return ArmingInForce(row.pk, armed, row.by_name, row.reason)


def armed_here(life: str, now: Ms) -> ArmingInForce | None:
    """The arming under which the trader of this life may trade now; ``None``: it may not. One query."""
    found, asks = arming_in_force(), here(frozenset({life}))
    if found is None or asks is None or found.ends_for(asks, now) is not None:
        return None
    return found


def is_armed(now: Ms) -> bool:
    """Whether the wallet is traded with, as far as can be told from outside the trader."""
    found, where = arming_in_force(), place()
    if found is None or where is None:
        return False
    return found.ends_for(Here(where, _seen(found), settings.POLYLOLY.live_stays_armed), now) is None


def state(*, at: Ms) -> dict[str, object]:
    """As the console shows it: JSON values only. Empty where nothing needs to be armed."""
    where = place()
    if not settings.POLYLOLY.needs_arming:
        return {"needed": False}
    shown: dict[str, object] = {"needed": True, "mode": settings.POLYLOLY.mode.value, "armed": None}
    shown |= {"wallet": None, "phrase": None, "preflight": None, "last": None}
    if where is None:
        return shown
    shown |= {"wallet": where.wallet, "phrase": phrase(where), "preflight": _preflight(where, at)}
    shown["last"] = _last(where)
    found = arming_in_force()
    if found is not None and is_armed(at):
        shown["armed"] = {
            "by": found.by,
            "reason": found.reason,
            "began_ms": found.armed.began_ms,
            "used_ms": found.armed.used_ms,
            "expires_ms": found.armed.expires_ms,
        }
    return shown


def _seen(found: ArmingInForce) -> frozenset[str]:
    """The traders that beat. Where nobody can tell, those it was given for: what may move money is shown as such."""
    try:
        return trader_lives()
    except (RedisError, OSError):
        return found.armed.lives


def _preflight(where: Place, at: Ms) -> dict[str, object] | None:
    row = newest_preflight(where)
    found = checked(row)
    if row is None or found is None:
        return None
    return {
        "id": row.pk,
        "at_ms": found.at_ms,
        "by": row.by_name,
        "passed": row.passed,
        "failing": list(found.failing),
        "good_until_ms": found.at_ms + PREFLIGHT_FRESH_MS,
        "fresh": stale(found, at) is None,
    }


def _last(where: Place) -> dict[str, object] | None:
    """The newest that ended, and why."""
    row = (
        Arming.objects.filter(mode=where.mode, wallet=where.wallet, ended__isnull=False)
        .order_by("-ended")
        .first()
    )
    if row is None or row.ended is None:
        return None
    return {"ended_ms": to_ms(row.ended), "by": row.ended_by_name, "reason": row.ended_reason}


def disarmed_ms() -> Ms | None:
    """When an arming of this stack's wallet last ended; ``None``: none has."""
    where = place()
    if where is None:
        return None
    row = Arming.objects.filter(mode=where.mode, wallet=where.wallet, ended__isnull=False)
    newest = row.order_by("-ended").values_list("ended", flat=True).first()
    return None if newest is None else to_ms(newest)


def newest_preflight(where: Place) -> Preflight | None:
    return Preflight.objects.filter(mode=where.mode, wallet=where.wallet).order_by("-pk").first()


def checked(row: Preflight | None) -> Checked | None:
    """A preflight as the table asks for it."""
    if row is None:
        return None
    failing = tuple(str(check["name"]) for check in row.checks if check["verdict"] == FAILED)
    return Checked(to_ms(row.at), failing)


def preflights() -> QuerySet[Preflight]:
    """Every run, newest first."""
    return Preflight.objects.order_by("-pk")


def armings() -> QuerySet[Arming]:
    """Every arming, newest first."""
    return Arming.objects.order_by("-pk")


def limits_were_agreed() -> bool:
    """Whether a person has agreed to the limits, rather than the first start to what the files say."""
    newest = LimitsVersion.objects.order_by("-number").values_list("by_name", flat=True).first()
    return newest is not None and newest != FROM_CONFIG
