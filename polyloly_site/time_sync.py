"""Is this machine's clock right? Asked of a time server by ops every ten minutes, at the start, and on request.

Orders are signed with the venue's time and days start by our clock: a second off is a warning, with real money more.
"""

from typing import Final

from django.conf import settings
from redis import RedisError

from infra import checks, ntp
from infra.checks import Check, failed, passed, warned
from trading.health import findings

NAME: Final = "time sync"
OFF: Final = "off"  # NTP_SERVER=off
OFF_MS_MAX: Final = 1_000
ASK_S: Final = 3.0
EVERY_MS: Final = 600_000  # real; a pool asks for no more than one question in a minute
FRESH_MS: Final = 1_800_000
SET_IT: Final = "set this machine's clock by NTP: timedatectl set-ntp true, or start chronyd"

# What this process found out itself while Redis could not keep it.
_unkept: list[Check] = []


def ask() -> Check:
    """Ask the server now and keep what it said. Takes up to ``ASK_S``; never raises."""
    found = _asked(settings.POLYLOLY.ntp_server)
    keep(found)
    return found


def keep(found: Check) -> None:
    """Let the others read it: for a start that asks before Redis runs, once more when it does."""
    try:
        findings.save([found])
        _unkept.clear()
    except RedisError:
        _unkept[:] = [found]


def ask_when_due() -> None:
    """In ops, often: asks once in ``EVERY_MS``. Raises ``RedisError``."""
    if findings.age_ms(NAME) >= EVERY_MS:
        ask()


def check() -> Check:
    return _unkept[0] if _unkept else findings.check(NAME, asked_by="the ops worker", fresh_ms=FRESH_MS)


def _asked(server: str) -> Check:
    if server == OFF:
        return passed(NAME, "not asked: NTP_SERVER=off; see the venue's clock")
    try:
        off_ms = ntp.offset_ms(server, within_s=ASK_S)
    except ntp.NoTime as error:
        step = (
            "open UDP port 123 to a time server, or set NTP_SERVER; the venue's clock is compared meanwhile"
        )
        return warned(NAME, f"not known: {error}", step)
    return judged(off_ms, server)


def judged(off_ms: int, server: str) -> Check:
    """Off by more than a second warns; with real money it fails."""
    if abs(off_ms) <= OFF_MS_MAX:
        return passed(NAME, f"{off_ms:+} ms by {server}")
    ways = "behind" if off_ms > 0 else "ahead of"
    detail = f"this machine's clock is {abs(off_ms)} ms {ways} {server}"
    if settings.POLYLOLY.mode == "live":
        return failed(NAME, detail, SET_IT)
    return warned(NAME, detail, SET_IT)


def asking() -> None:
    ask()


def register() -> None:
    checks.register(NAME, check, checks.Area.MACHINE)
    checks.register_asking("time", asking)
