"""What was found out about the venue, with its age: written by who can ask, read by every health check.

A check must be quick and runs in the web process, which has no key and should not wait for the venue. So the trader
and ops ask, and leave what they found in Redis; a check reads it and says how old it is.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from django.conf import settings
from redis import RedisError

from core.units import Ms
from infra import checks, clock, redis
from infra.checks import Check, Verdict

FRESH_MS: Final = 120_000  # real; both askers ask every 30 s
ASKED_KEY: Final = "findings:asked"


class Finding(msgspec.Struct, frozen=True):
    """A check's answer and when it was found, by the clock. ``lasts``: it does not grow old."""

    verdict: Verdict
    detail: str
    next_step: str
    at_ms: Ms
    lasts: bool = False


def scope() -> str:
    """Findings of different modes and wallets never mix."""
    chosen = settings.POLYLOLY
    return f"{chosen.mode.value}:{chosen.wallet or ''}"


def save(found: Iterable[Check], *, lasts: bool = False) -> None:
    """Keep what was found now. Raises ``redis.RedisError``."""
    now = clock.now_ms()
    told: dict[Any, Any] = {
        check.name: msgspec.json.encode(Finding(check.verdict, check.detail, check.next_step, now, lasts))
        for check in found
    }
    if told:
        redis.client(redis.Db.BUS).hset(f"findings:{scope()}", mapping=told)


def read(name: str) -> Finding | None:
    """``None`` when nobody has found anything out yet. Raises ``redis.RedisError``."""
    text = redis.client(redis.Db.BUS).hget(f"findings:{scope()}", name)
    return None if text is None else msgspec.json.decode(text, type=Finding)


def check(name: str, *, asked_by: str) -> Check:
    """A finding as a health check. On paper nothing that the venue says fails: there is no order to lose."""
    try:
        found = read(name)
    except RedisError as error:
        return checks.warned(name, f"unknown: {error}", "see the redis check")
    if found is None:
        return checks.warned(name, "not asked yet", f"wait 30 s; {asked_by} asks")
    age_ms = max(0, int((clock.now_ms() - found.at_ms) / clock.speed()))
    if not found.lasts and age_ms > FRESH_MS:
        return checks.warned(name, f"{age_ms // 1000} s ago: {found.detail}", f"see that {asked_by} runs")
    softened = found.verdict is Verdict.FAIL and not settings.POLYLOLY.signs
    verdict = Verdict.WARN if softened else found.verdict
    return Check(name, verdict, f"{found.detail}, {age_ms // 1000} s ago", found.next_step)


def ask_now() -> None:
    """Have the trader look again at once. Raises ``redis.RedisError``."""
    redis.client(redis.Db.BUS).set(ASKED_KEY, b"1", ex=60)


def asked() -> bool:
    """Whether somebody asked since the last time this was called. Raises ``redis.RedisError``."""
    return redis.client(redis.Db.BUS).getdel(ASKED_KEY) is not None
