"""What anybody may ask the venue, and what its answers mean for us: well, on time, allowed here, same terms.

Sync and bounded: a handful of requests of at most three seconds each. Runs in ops every 30 s, in every mode.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import httpx
import msgspec

from core import units
from core.events import MarketListed
from core.units import Ms
from feeds.selectors import VenueTerms
from infra import clock
from infra.checks import Check, failed, passed, warned

ASK_S: Final = 3.0
MARKETS_MAX: Final = 8
GWEI: Final = 10**9
GAS_GWEI_MAX: Final = 500  # Polygon asks for some 30; many times that and merges wait or cost
OFF_MS_MAX: Final = 1_500  # the venue says whole seconds
WELL: Final = "venue"
CLOCK: Final = "venue clock"
PLACE: Final = "geoblock"
FEES: Final = "fees"
GAS: Final = "gas price"
CONTRACTS: Final = "contracts"
NAMES: Final = (WELL, CLOCK, PLACE, GAS, FEES, CONTRACTS)


@dataclass(frozen=True, slots=True)
class InUse:
    """A market we hold, quote, or could, with what discovery read of it."""

    listing: MarketListed
    terms: VenueTerms


class Fees(msgspec.Struct):
    r: Decimal | None = None
    e: Decimal | None = None
    to: bool | None = None


class Token(msgspec.Struct):
    t: str
    o: str


class ClobMarket(msgspec.Struct):
    """As much of ``/clob-markets/{condition}`` as matters here. ``fd`` is missing where nothing is charged."""

    t: list[Token]
    fd: Fees | None = None
    nr: bool | None = None


class Unheard(Exception):
    """The venue did not answer, or not in words that can be read."""


def ask(urls: Any, markets: Sequence[InUse]) -> list[Check]:  # noqa: ANN401 polyloly_site's, which apps do not import
    """Every public check, in order of ``NAMES``."""
    # A simulator next door is asked directly, whatever proxy the machine has.
    with httpx.Client(timeout=ASK_S, trust_env=urls.clob.startswith("https://")) as http:
        return [
            _tried(WELL, lambda: well(http, urls.clob)),
            _tried(CLOCK, lambda: on_time(http, urls.clob)),
            _tried(PLACE, lambda: allowed_here(http, urls.geoblock)),
            _tried(GAS, lambda: gas(http, urls.rpc)),
            *_terms(http, urls.clob, markets[:MARKETS_MAX]),
        ]


def well(http: httpx.Client, clob: str) -> Check:
    began = clock.monotonic_ms()
    _get(http, f"{clob}/ok")
    return passed(WELL, f"GET /ok answered in {clock.monotonic_ms() - began} ms")


def on_time(http: httpx.Client, clob: str) -> Check:
    asked_ms = clock.now_ms()
    body = _get(http, f"{clob}/time").strip().strip(b'"')
    return judged_time(body, asked_ms, clock.now_ms())


def judged_time(body: bytes, asked_ms: Ms, heard_ms: Ms) -> Check:
    """Half a second is added for what the venue cut off, and what the answer took is forgiven."""
    if not body.isdigit():
        raise Unheard(f"GET /time: {body[:40]!r}")
    off_ms = int(body) * 1000 + 500 - (asked_ms + heard_ms) // 2
    if abs(off_ms) > OFF_MS_MAX + (heard_ms - asked_ms) // 2:
        step = "set this machine's clock by NTP; requests are signed with the venue's time meanwhile"
        return warned(CLOCK, f"{off_ms} ms from the venue's", step)
    return passed(CLOCK, f"{off_ms} ms from the venue's, which says whole seconds")


def allowed_here(http: httpx.Client, url: str) -> Check:
    said = msgspec.json.decode(_get(http, url), type=dict[str, Any])
    where = f"{said.get('country') or '?'} {said.get('region') or ''}".strip()
    if said.get("blocked") is True:
        return failed(PLACE, f"the venue takes no orders from {where}", "trade from a place it allows")
    if said.get("blocked") is not False:
        raise Unheard(f"{url} does not say whether orders are blocked")
    return passed(PLACE, f"orders are taken from {where}")


def gas(http: httpx.Client, rpc: str) -> Check:
    """What the chain asks for a transaction now."""
    asked = {"jsonrpc": "2.0", "id": 1, "method": "eth_gasPrice", "params": []}
    answer = http.post(rpc, json=asked)
    if answer.status_code != 200:
        raise Unheard(f"eth_gasPrice: HTTP {answer.status_code}")
    said = msgspec.json.decode(answer.content, type=dict[str, Any]).get("result")
    try:
        return judged_gas(int(str(said), 16))
    except ValueError:
        raise Unheard(f"eth_gasPrice: {str(said)[:40]!r}") from None


def judged_gas(wei: int) -> Check:
    gwei = wei // GWEI
    if gwei > GAS_GWEI_MAX:
        step = "merges and redemptions may wait for it to fall; trading goes on"
        return warned(GAS, f"{gwei} gwei, more than {GAS_GWEI_MAX}", step)
    return passed(GAS, f"{gwei} gwei")


def _terms(http: httpx.Client, clob: str, markets: Sequence[InUse]) -> list[Check]:
    if not markets:
        return [passed(name, "no market is listed") for name in (FEES, CONTRACTS)]
    wrong_fees, wrong_ids, unheard = [], [], []
    for market in markets:
        title, market_id = market.listing.title, market.listing.market_id
        try:
            said = msgspec.json.decode(_get(http, f"{clob}/clob-markets/{market_id}"), type=ClobMarket)
        except (Unheard, httpx.HTTPError, msgspec.DecodeError) as error:
            unheard.append(f"{title}: {error}")
            continue
        wrong_fees += [f"{title}: {why}" for why in fees_differ(market.listing, said)]
        wrong_ids += [f"{title}: {why}" for why in contracts_differ(market, said)]
    versions = sorted({f"{m.terms.version}{' neg-risk' if m.terms.neg_risk else ''}" for m in markets})
    step = "manage.py discover_markets; if it stays, halt these markets"
    heard = len(markets) - len(unheard)
    return [
        _told(FEES, wrong_fees, unheard, f"as listed in {heard} markets", step),
        _told(
            CONTRACTS, wrong_ids, unheard, f"{', '.join(versions)}: ids as listed in {heard} markets", step
        ),
    ]


def fees_differ(listing: MarketListed, said: ClobMarket) -> list[str]:
    """How the book's fee schedule differs from the listed one. Nothing is traded where it is unknown."""
    if listing.fees is None:
        return ["its fee is unknown, so it is not traded"]
    rate = Decimal(0) if said.fd is None or said.fd.r is None else said.fd.r
    exponent = Decimal(1) if said.fd is None or said.fd.e is None else said.fd.e
    ours = Decimal(listing.fees.rate) / 1_000_000
    if rate != ours:
        return [f"fee rate {rate} at the book, {units.text(listing.fees.rate, 6)} listed"]
    if rate and exponent != listing.fees.exponent:
        return [f"fee exponent {exponent} at the book, {listing.fees.exponent} listed"]
    return ["makers are charged too"] if rate and said.fd is not None and said.fd.to is False else []


def contracts_differ(market: InUse, said: ClobMarket) -> list[str]:
    """Whether the book trades the tokens that its version says, and which contract settles them."""
    theirs = [token.t for token in said.t]
    ours = [market.listing.yes_token, market.listing.no_token]
    if theirs != ours:
        return [f"the book trades other tokens than version {market.terms.version} says"]
    names = [token.o for token in said.t]
    if names != [market.listing.yes_name, market.listing.no_name]:
        return [f"its outcomes are called {names} at the book"]
    if said.nr is not None and said.nr is not market.terms.neg_risk:
        return [f"neg-risk {said.nr} at the book, {market.terms.neg_risk} listed"]
    return []


def _told(name: str, wrong: list[str], unheard: list[str], well_said: str, step: str) -> Check:
    if wrong:
        return failed(name, "; ".join(wrong), step)
    if unheard:
        return warned(name, f"not answered: {'; '.join(unheard[:3])}", "see the venue check")
    return passed(name, well_said)


def _tried(name: str, ask_it: Callable[[], Check]) -> Check:
    try:
        return ask_it()
    except (Unheard, httpx.HTTPError, msgspec.DecodeError) as error:
        return failed(
            name, f"{type(error).__name__}: {error}", "see that the venue answers; nothing is sent meanwhile"
        )


def _get(http: httpx.Client, url: str) -> bytes:
    answer = http.get(url)
    if answer.status_code != 200:
        raise Unheard(f"GET {answer.request.url.path}: HTTP {answer.status_code}")
    return answer.content
