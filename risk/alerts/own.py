"""What risk's own rows say that somebody must be told. Texts as product.md 7 has them."""

import shutil
from collections.abc import Iterable, Iterator
from typing import Final

from django.conf import settings
from django.db.models import Q

from core.units import Ms, Usdc, text
from infra import clock
from infra.clock import to_datetime
from risk import selectors
from risk.access import consent, lockouts
from risk.alerts.catalogue import AlertCode
from risk.alerts.decision import TRIES_MAX
from risk.alerts.finders import Found, register_finder
from risk.halts.silence import SILENT_MS, silent_runners
from risk.limits import limits
from risk.limits.valuations import confirmed_loss
from risk.models import Alert, Arming, Breaker, Delivery, MarketHalt, MarketHaltCode

VALUED_WITHIN_MS: Final = 30_000  # real
NEAR_PERCENT: Final = 80
ARMING_WITHIN_MS: Final = 900_000  # real
HALF_PERCENT: Final = 50
LOOKED_AT: Final = 100


def register() -> None:
    """Called once, when the app is ready."""
    register_finder("halts", halts)
    register_finder("breakers", breakers)
    register_finder("daily loss", daily_loss)
    register_finder("silence", silence)
    register_finder("disk", disk)
    register_finder("channels", channels)
    register_finder("lockouts", locked_out)
    register_finder("second person", second_person)
    register_finder("arming", arming)


def halts(at: Ms) -> Iterator[Found]:
    """The kill switch, a halt without its proof, and markets that stopped by themselves."""
    halt = selectors.halt_in_force()
    if halt is not None:
        yield Found(
            AlertCode.KILL_SWITCH, f"Kill switch activated: {halt.code} ({halt.detail})", str(halt.halt_id)
        )
        panel, _ = selectors.halt_panels()
        if panel is not None and panel.proven_ms is None:
            waits = "; ".join(panel.unproven) or "the proof is not there yet"
            yield Found(AlertCode.HALT_UNPROVEN, f"Halt not proven: {waits}", str(halt.round_id))
    by_itself = MarketHalt.objects.filter(ended__isnull=True).exclude(code=MarketHaltCode.MANUAL)
    for stopped in by_itself.order_by("pk")[:LOOKED_AT]:
        said = f"Market halted: {stopped.code} ({stopped.detail})"
        yield Found(AlertCode.MARKET_HALTED, said, stopped.market_id, market_id=stopped.market_id)


def arming(at: Ms) -> Iterator[Found]:
    """That somebody armed, and that it is over: each told once, however it ended."""
    since = to_datetime(at - int(ARMING_WITHIN_MS * clock.speed()))
    lately = Arming.objects.filter(Q(began__gte=since) | Q(ended__gte=since))
    for row in lately.order_by("pk")[:LOOKED_AT]:
        money = "real" if row.mode == "live" else "simulated"
        if row.began >= since:
            said = f"Armed by {row.by_name}: {money} money of {row.wallet} may be spent ({row.reason})"
            yield Found(AlertCode.ARMED, said, str(row.pk))
        if row.ended is not None:
            said = f"Not armed any more, by {row.ended_by_name}: {row.ended_reason}"
            yield Found(AlertCode.DISARMED, said, str(row.pk))


def breakers(at: Ms) -> Iterator[Found]:
    for opened in Breaker.objects.filter(ended__isnull=True).order_by("pk")[:LOOKED_AT]:
        said = f"Circuit breaker opened: {opened.code} ({opened.detail})"
        yield Found(AlertCode.BREAKER_OPEN, said, opened.market_id, market_id=opened.market_id)


def daily_loss(at: Ms) -> Iterator[Found]:
    """Half of what may be lost today is, or four fifths of it; beyond that the kill switch speaks."""
    limit = limits.binding().daily_loss
    for account_id in selectors.valued_accounts(since=Ms(at - int(VALUED_WITHIN_MS * clock.speed()))):
        lost = confirmed_loss(account_id, at=at)
        code = None if lost is None else _level(lost, limit)
        if lost is not None and code is not None:
            yield Found(code, f"Daily loss {text(lost, 6)} of {text(limit, 6)} USDC", str(account_id))


def _level(lost: Usdc, limit: Usdc) -> AlertCode | None:
    if lost * 100 >= limit * NEAR_PERCENT:
        return AlertCode.DAILY_LOSS_NEAR
    return AlertCode.DAILY_LOSS_HALF if lost * 100 >= limit * HALF_PERCENT else None


def silence(at: Ms) -> Iterable[Found]:
    names = silent_runners(at=at)
    if not names:
        return ()
    said = f"Bot silent: {', '.join(names)} said nothing for {SILENT_MS // 1000} s"
    return (Found(AlertCode.RUNNER_SILENT, said),)


def disk(at: Ms) -> Iterable[Found]:
    free_mb = shutil.disk_usage(settings.POLYLOLY.var_dir).free // 1_048_576
    if free_mb >= settings.POLYLOLY.alerts.disk_free_min_mb:
        return ()
    said = f"Disk nearly full: {free_mb // 100 * 100} MB left for database, recordings and log"
    return (Found(AlertCode.DISK_LOW, said),)


def channels(at: Ms) -> Iterator[Found]:
    """A channel whose newest tries all failed: the others must tell of it."""
    newest: dict[str, list[bool]] = {}
    for channel, succeeded in Delivery.objects.order_by("-pk").values_list("channel", "succeeded")[
        :LOOKED_AT
    ]:
        newest.setdefault(channel, []).append(succeeded)
    for channel, tries in newest.items():
        if len(tries) >= TRIES_MAX and not any(tries[:TRIES_MAX]):
            yield Found(AlertCode.CHANNEL_FAILING, f"Alert channel failing: {channel}", channel)


def locked_out(at: Ms) -> Iterator[Found]:
    """Somebody tried too many passwords or tokens, and is not listened to for a while."""
    for row in lockouts.in_force(at):
        said = (
            f"Log-in locked: {row.tries} wrong tries, {row.kind} {row.subject}, last from {row.from_address}"
        )
        yield Found(AlertCode.LOGIN_LOCKED, said, f"{row.kind}:{row.subject}"[:100])


def second_person(at: Ms) -> Iterator[Found]:
    """Somebody waits for another's word; nobody looks at a console all night."""
    for row in consent.waiting(at):
        if row.given is None:
            whom = ", ".join(consent.who_may_agree(row)) or "nobody has the role"
            said = f"Second person needed: {row.asked_by} asks to {row.what} ({row.reason}); waits for {whom}"
            yield Found(AlertCode.SECOND_PERSON, said, str(row.pk))


def except_on(alert: Alert) -> str | None:
    """The channel that must not carry an alert, being what it is about."""
    return alert.key.partition(":")[2] if alert.code == AlertCode.CHANNEL_FAILING else None
