"""How the server writes numbers and times. The same rules as ``static/js/format.js``."""

import re
from datetime import datetime
from typing import Any, Final

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.utils.html import format_html, strip_tags
from django.utils.safestring import SafeString

from core import units
from dashboard import ways_out
from infra import clock
from risk.selectors import is_armed

UNKNOWN: Final = "–"  # noqa: RUF001 the dash that stands for what we do not know
MINUS: Final = "\u2212"
THEMES: Final = ("dark", "light")
SYSTEM: Final = "system"
HTML_TITLE: Final = re.compile(r"<title>([^<]*)</title>", re.IGNORECASE)

register = template.Library()
register.filter("way_out", ways_out.of)


@register.simple_tag(takes_context=True)
def theme(context: dict[str, Any]) -> str:
    """The theme somebody chose in this browser; until then the system's."""
    request = context.get("request")
    asked = request.COOKIES.get("theme", "") if isinstance(request, HttpRequest) else ""
    return asked if asked in THEMES else SYSTEM


@register.simple_tag
def mode() -> str:
    """Which of the modes this process runs in: the banner of every page."""
    return str(settings.POLYLOLY.mode)


@register.simple_tag
def armed() -> bool | None:
    """Whether orders reach the venue now; ``None`` where nothing needs to be armed. The page's script keeps it so."""
    return is_armed(clock.now_ms()) if settings.POLYLOLY.needs_arming else None


@register.simple_tag(takes_context=True)
def here(context: dict[str, Any], prefix: str) -> SafeString:
    """Mark the navigation entry of the page we are on."""
    path = context["request"].path
    inside = path == prefix if prefix == "/" else path.startswith(prefix)
    return SafeString(' aria-current="page"') if inside else SafeString("")


@register.filter
def usdc(amount: int | None) -> str:
    """Millionths of a USDC to the cent, half up: "1,204.50"."""
    if amount is None:
        return UNKNOWN
    cents = (abs(amount) + 5_000) // 10_000
    sign = MINUS if amount < 0 and cents else ""
    return f"{sign}{cents // 100:,}.{cents % 100:02d}"


@register.filter
def signed_usdc(amount: int) -> str:
    """Money with its sign always written: "+1.44"."""
    shown = usdc(amount)
    return f"+{shown}" if amount > 0 and shown != "0.00" else shown


@register.filter
def signed_shares(size: int) -> str:
    """Shares with their sign always written."""
    return f"{MINUS}{shares(-size)}" if size < 0 else f"+{shares(size)}" if size else "0"


@register.filter
def price(value: int | str | None) -> str:
    """1/10,000 USDC, or a price as text: ".47", ".475"."""
    if value is None:
        return UNKNOWN
    shown = units.text(value, 4) if isinstance(value, int) else value
    whole, _, digits = shown.partition(".")
    return f"{'' if whole == '0' else whole}.{digits.ljust(2, '0')[:4]}"


@register.filter
def shares(size: int | None) -> str:
    """Millionths of a share to a tenth: "38.5", "1,204"."""
    if size is None:
        return UNKNOWN
    tenths = (size + 50_000) // 100_000
    rest = "" if tenths % 10 == 0 or tenths >= 10_000 else f".{tenths % 10}"
    return f"{tenths // 10:,}{rest}"


@register.filter
def at(moment: int | datetime | None) -> SafeString | str:
    """A moment in UTC, the browser adds local time on hover."""
    if moment is None:
        return UNKNOWN
    ms = clock.to_ms(moment) if isinstance(moment, datetime) else moment
    when = clock.to_datetime(ms)
    return format_html(
        '<time datetime="{}" data-ms="{}">{} <b>{}</b></time>',
        when.isoformat(timespec="milliseconds"),
        ms,
        f"{when:%m-%d}",
        f"{when:%H:%M:%S}",
    )


@register.filter
def ms(moment: datetime) -> int:
    """A moment in milliseconds since 1970, for the browser."""
    return clock.to_ms(moment)


@register.filter
def between(began: datetime, ended: datetime | None) -> str:
    """How long it lasted: "41 ms", "2.1 s", "12 min"."""
    if ended is None:
        return UNKNOWN
    return span(clock.to_ms(ended) - clock.to_ms(began))


@register.filter
def span(ms: int) -> str:
    """A length of time: "41 ms", "2.1 s", "12 min"."""
    if ms < 1_000:
        return f"{ms} ms"
    if ms < 120_000:
        return f"{ms / 1000:.1f} s"
    return f"{ms // 60_000} min" if ms < 7_200_000 else f"{ms // 3_600_000} h {ms // 60_000 % 60:02d}"


@register.filter
def named(market_id: str, titles: dict[str, str]) -> str:
    """A market's title, else its id, short."""
    return titles.get(market_id) or short_id(market_id)


@register.filter
def short_id(name: str) -> str:
    return f"{name[:6]}…{name[-4:]}" if len(name) > 12 else name


@register.filter
def words(name: str | None) -> str:
    """ "never_landed" as people say it."""
    return UNKNOWN if name is None else name.replace("_", " ")


@register.filter
def of(amounts: dict[str, int], key: str) -> int:
    """An amount by its key, 0 where there is none."""
    return amounts.get(key, 0)


@register.filter
def plainly(reason: str | None) -> str:
    """What a venue or its gateway said, without the markup of an error page."""
    if reason is None or "<" not in reason:
        return reason or ""
    titled = HTML_TITLE.search(reason)
    return f"{reason[: reason.index('<')]}{titled[1] if titled else strip_tags(reason[reason.index('<') :])}"


@register.filter
def less(amount: int, other: int) -> int:
    return amount - other
