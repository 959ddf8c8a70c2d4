"""What anybody may ask about a market: books, prices, terms (polymarket.md 3, 5 and 7)."""

from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec
from aiohttp import web

from core.ids import MarketId, Outcome, Side, TokenId
from core.units import ONE, Ms, Price, mirrored, text
from infra.clock import to_datetime
from simulator import wire
from simulator.channels import WORLD
from simulator.clob import refusals
from simulator.clob.clock import CLOCK
from simulator.clob.holding import HOLDING
from simulator.clob.refusals import Refused, answer, door, number
from simulator.exchange.listing import Listing
from simulator.sheets import Sheet

BASE_FEE_BPS: Final = 1_000  # the legacy cap, not the rate (polymarket.md 4)
CLOB_VERSION: Final = 2
TOKENS_MAX: Final = 500
BAD_PAYLOAD: Final = "Invalid payload"
BAD_SIDE: Final = "Invalid side"
SIDES: Final = {"BUY": Side.BUY, "SELL": Side.SELL}


class BookRequest(msgspec.Struct, frozen=True):
    token_id: str
    side: str = ""


class Quote(NamedTuple):
    """The best prices of one token, ``None`` on an empty side."""

    bid: Price | None
    ask: Price | None


_book_requests = msgspec.json.Decoder(list[BookRequest])


@door
async def ok(_: web.Request) -> web.Response:
    return answer("OK")


@door
async def server_time(request: web.Request) -> web.Response:
    """The venue's clock in whole seconds."""
    return answer(request.app[CLOCK].told_ms() // 1_000)


@door
async def version(_: web.Request) -> web.Response:
    """Of the exchange that standard orders are signed for."""
    return answer({"version": CLOB_VERSION})


@door
async def book(request: web.Request) -> web.Response:
    found = request.app[WORLD].rest_book(_token(request))
    if found is None:
        raise Refused(404, refusals.NO_BOOK)
    return answer(found)


@door
async def books(request: web.Request) -> web.Response:
    """Of the tokens that have one; the others are left out."""
    wanted = [TokenId(asked.token_id) for asked in await _asked(request)]
    found = [request.app[WORLD].rest_book(token) for token in wanted]
    return answer([book for book in found if book is not None])


@door
async def midpoint(request: web.Request) -> web.Response:
    return answer({"mid": _or_404(_mid(_quote_or_404(request)))})


@door
async def midpoints(request: web.Request) -> web.Response:
    return answer(await _for_each(request, _mid))


@door
async def spread(request: web.Request) -> web.Response:
    return answer({"spread": _or_404(_spread(_quote_or_404(request)))})


@door
async def spreads(request: web.Request) -> web.Response:
    return answer(await _for_each(request, _spread))


@door
async def price(request: web.Request) -> web.Response:
    """BUY is the best bid, SELL the best ask (polymarket.md 3.10)."""
    quote, side = _quote_or_404(request), _side(request.query.get("side", ""))
    return answer({"price": _or_404(_price(quote, side))})


@door
async def prices(request: web.Request) -> web.Response:
    found: dict[str, dict[str, str]] = {}
    for asked in await _asked(request):
        quote, side = _quote(request.app, TokenId(asked.token_id)), _side(asked.side)
        best = None if quote is None else _price(quote, side)
        if best is not None:
            found.setdefault(asked.token_id, {})[asked.side] = best
    return answer(found)


@door
async def tick_size(request: web.Request) -> web.Response:
    return answer({"minimum_tick_size": number(_market(request)[1].tick, 4)})


@door
async def neg_risk(request: web.Request) -> web.Response:
    return answer({"neg_risk": _market(request)[0].terms.neg_risk})


@door
async def fee_rate(request: web.Request) -> web.Response:
    _market(request)
    return answer({"base_fee": BASE_FEE_BPS})


@door
async def by_token(request: web.Request) -> web.Response:
    """The market of a token. The primary token is the numerically smaller one, not YES (polymarket.md 7)."""
    sheet, _ = _market(request)
    lower, higher = sorted((sheet.token(outcome) for outcome in Outcome), key=int)
    return answer(
        {"condition_id": sheet.terms.market_id, "primary_token_id": lower, "secondary_token_id": higher}
    )


@door
async def clob_market(request: web.Request) -> web.Response:
    """All parameters of one market. A condition id of 62 digits is not found, as at the venue."""
    world, market_id = request.app[WORLD], MarketId(request.match_info["condition_id"])
    listing = world.exchange.listings.get(market_id)
    if listing is None:
        raise Refused(404, refusals.NO_MARKET)
    sheet, terms = world.sheet(market_id), listing.terms
    assert sheet is not None, "what is listed is known"
    held = {"itode": True} if market_id in request.app[HOLDING].markets else {}
    return answer(
        {
            "gst": _iso(sheet.booking.starts_ms),
            "t": [{"t": sheet.token(outcome), "o": sheet.name(outcome)} for outcome in Outcome],
            "mos": number(terms.min_size, 6),
            "mts": number(listing.tick, 4),
            "mbf": BASE_FEE_BPS,
            "tbf": BASE_FEE_BPS,
            "rfqe": False,
            "nr": terms.neg_risk,
            "fd": {"r": number(terms.fee_rate, 6), "e": 1, "to": True},
            "sd": terms.delay_ms // 1_000,
            "cbos": True,
            "ao": True,
            "aot": _iso(sheet.booking.listed_ms),
            **held,
        }
    )


async def _asked(request: web.Request) -> list[BookRequest]:
    """The tokens of a body, or of the query of a GET. Raises ``Refused``."""
    if request.method == "GET":
        asked = [BookRequest(token) for token in request.query.get("token_ids", "").split(",") if token]
    else:
        try:
            asked = _book_requests.decode(await request.read())
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise Refused(400, BAD_PAYLOAD) from None
    if not asked or len(asked) > TOKENS_MAX:
        raise Refused(400, BAD_PAYLOAD)
    return asked


async def _for_each(request: web.Request, show: Callable[[Quote], str | None]) -> dict[str, str]:
    found: dict[str, str] = {}
    for asked in await _asked(request):
        quote = _quote(request.app, TokenId(asked.token_id))
        shown = None if quote is None else show(quote)
        if shown is not None:
            found[asked.token_id] = shown
    return found


def _token(request: web.Request) -> TokenId:
    """The token of the query or the path. Raises ``Refused``."""
    token = request.match_info.get("token_id") or request.query.get("token_id", "")
    if not (token.isascii() and token.isdecimal()):
        raise Refused(400, refusals.BAD_ID)
    return TokenId(token)


def _market(request: web.Request) -> tuple[Sheet, Listing]:
    """The open market of a token. Raises ``Refused``."""
    found = request.app[WORLD].sheet_of_token(_token(request))
    listing = None if found is None else request.app[WORLD].exchange.listings.get(found[0].terms.market_id)
    if found is None or listing is None:
        raise Refused(404, refusals.NO_MARKET)
    return found[0], listing


def _quote_or_404(request: web.Request) -> Quote:
    quote = _quote(request.app, _token(request))
    if quote is None:
        raise Refused(404, refusals.NO_BOOK)
    return quote


def _quote(app: web.Application, token: TokenId) -> Quote | None:
    """The best prices as this token's holders see them; ``None`` without a book."""
    found = app[WORLD].sheet_of_token(token)
    listing = None if found is None else app[WORLD].exchange.listings.get(found[0].terms.market_id)
    if found is None or listing is None:
        return None
    bid, ask = listing.book.bids.best, listing.book.asks.best
    if found[1] is Outcome.YES:
        return Quote(bid, ask)
    return Quote(None if ask is None else mirrored(ask), None if bid is None else mirrored(bid))


def _mid(quote: Quote) -> str | None:
    if quote.bid is None or quote.ask is None:
        return None
    return text((quote.bid + quote.ask) * ONE // 2, 8)


def _spread(quote: Quote) -> str | None:
    return None if quote.bid is None or quote.ask is None else text(quote.ask - quote.bid, 4)


def _price(quote: Quote, side: Side) -> str | None:
    best = quote.bid if side is Side.BUY else quote.ask
    return None if best is None else wire.price_text(best)


def _side(name: str) -> Side:
    if name not in SIDES:
        raise Refused(400, BAD_SIDE)
    return SIDES[name]


def _or_404(shown: str | None) -> str:
    """A side nobody stands on has no price, and the venue then knows no book."""
    if shown is None:
        raise Refused(404, refusals.NO_BOOK)
    return shown


def _iso(at_ms: Ms) -> str:
    return to_datetime(at_ms).strftime("%Y-%m-%dT%H:%M:%SZ")
