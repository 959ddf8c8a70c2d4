"""What was found out about the venue, with its age: written by who can ask, read by every health check.

A check must be quick and runs in the web process, which has no key and should not wait for the venue. So the trader
and ops ask, and leave what they found in Redis; a check reads it and says how old it is.
"""

import threading
from collections.abc import Callable, Iterable
from typing import Final

import msgspec
from django.conf import settings
from redis import RedisError

from infra import checks, clock, redis
from infra.checks import Check, Verdict

FRESH_MS: Final = 120_000  # real; both askers ask every 30 s
KEPT_MS: Final = 7 * 86_400_000
ASKED_KEY: Final = "findings:asked"


class Finding(msgspec.Struct, frozen=True):
    """A check's answer. ``lasts``: it does not grow old."""

    verdict: Verdict
    detail: str
    next_step: str
    number: int  # grows with each finding of this name
    lasts: bool = False


def scope() -> str:
    """Findings of different modes and wallets never mix."""
    chosen = settings.POLYLOLY
    return f"{chosen.mode.value}:{chosen.wallet or ''}"


def key_of(name: str) -> str:
    return f"finding:{scope()}:{name}"


def save(found: Iterable[Check], *, lasts: bool = False) -> None:
    """Keep what was found now. Raises ``redis.RedisError``."""
    client = redis.client(redis.Db.BUS)
    for check in found:
        number = int(client.incr("findings:number"))
        finding = Finding(check.verdict, check.detail, check.next_step, number, lasts)
        client.set(key_of(check.name), msgspec.json.encode(finding), px=KEPT_MS)


def read(name: str) -> Finding | None:
    """``None`` when nobody has found anything out yet. Raises ``redis.RedisError``."""
    text = redis.client(redis.Db.BUS).get(key_of(name))
    return None if text is None else msgspec.json.decode(text, type=Finding)


def age_ms(name: str) -> int:
    """Real ms since it was found. By what is left of its life: a command's clock need not be the stack's."""
    return max(0, KEPT_MS - int(redis.client(redis.Db.BUS).pttl(key_of(name))))


def check(name: str, *, asked_by: str, fresh_ms: int = FRESH_MS) -> Check:
    """A finding as a health check. On paper nothing that the venue says fails: there is no order to lose.

    Units:
        fresh_ms: real; an older finding is a warning.
    """
    try:
        found, age = read(name), age_ms(name)
    except RedisError as error:
        return checks.warned(name, f"unknown: {error}", "see the redis check")
    if found is None:
        return checks.warned(name, "not asked yet", f"wait 30 s; {asked_by} asks")
    if found.lasts:
        return Check(name, found.verdict, found.detail, found.next_step)
    if age > fresh_ms:
        return Check(name, Verdict.WARN, found.detail, f"this is old: see that {asked_by} runs", age)
    softened = found.verdict is Verdict.FAIL and not settings.POLYLOLY.signs
    verdict = Verdict.WARN if softened else found.verdict
    return Check(name, verdict, found.detail, found.next_step, age)


def ask_now() -> None:
    """Have the trader look again at once. Raises ``redis.RedisError``."""
    redis.client(redis.Db.BUS).set(ASKED_KEY, b"1", ex=60)


def asked() -> bool:
    """Whether somebody asked since the last time this was called. Raises ``redis.RedisError``."""
    return redis.client(redis.Db.BUS).getdel(ASKED_KEY) is not None


def until_found(name: str, ask: Callable[[], None], *, within_s: float) -> bool:
    """Ask, and wait until there is a newer finding of this name. Raises ``redis.RedisError``."""
    before = read(name)
    ask()
    until = clock.monotonic_ms() + within_s * 1000
    pause = threading.Event()
    while clock.monotonic_ms() < until:
        found = read(name)
        if found is not None and (before is None or found.number > before.number):
            return True
        pause.wait(0.1)
    return False
