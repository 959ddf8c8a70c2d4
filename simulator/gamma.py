"""Events and markets as the venue's Gamma API describes them (polymarket.md 7), and ``new_market``."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec

from core.ids import Outcome, TokenId
from core.units import ONE, Ms, Price, text
from simulator import wire
from simulator.evening import Booking
from simulator.exchange.orders import Version
from simulator.matches.games import Game
from simulator.matches.series import Moment
from simulator.sheets import REBATE, Sheet, event_title, game_id

ESPORTS_TAG: Final = ("64", "Esports", "esports")
GAME_TAGS: Final = {
    Game.LOL: ("65", "league of legends", "league-of-legends"),
    Game.DOTA2: ("102366", "Dota 2", "dota-2"),
}
ENDS_AFTER_MS: Final = 6 * 3_600_000  # an event's endDate is its start and six hours (esports.md 7)
DESCRIPTION: Final = "A simulated match between invented teams. The market resolves to the team that wins."


@dataclass(frozen=True, slots=True)
class MarketState:
    """A market and how it stands. ``payout_yes`` is set when it was resolved; it is closed then."""

    sheet: Sheet
    payout_yes: Price | None
    tick: Price
    last_price: Price | None
    best_bid: Price | None
    best_ask: Price | None


def event_slug(booking: Booking) -> str:
    """Unique: no pair is listed twice in the same order on one day."""
    one, two = (team.short.lower() for team in booking.teams)
    day = _time(booking.listed_ms).strftime("%Y-%m-%d")
    return f"{booking.game}-{one}-{two}-{day}"


def event_id(booking: Booking) -> str:
    return str(booking.number)


def tag_ids(game: Game) -> frozenset[str]:
    return frozenset({ESPORTS_TAG[0], GAME_TAGS[game][0]})


def tag_slugs(game: Game) -> list[str]:
    return [ESPORTS_TAG[2], GAME_TAGS[game][2]]


def event_json(
    booking: Booking, markets: Sequence[MarketState], moment: Moment | None, now_ms: Ms
) -> dict[str, object]:
    """One event with its markets. ``moment`` is the latest of the match, ``None`` before it starts."""
    ended = now_ms >= booking.ends_ms
    return {
        "id": event_id(booking),
        "ticker": event_slug(booking),
        "slug": event_slug(booking),
        "title": event_title(booking),
        "description": DESCRIPTION,
        "gameId": game_id(booking),
        "teams": [
            {"name": team.name, "abbreviation": team.short.lower(), "ordering": ordering}
            for team, ordering in zip(booking.teams, ("home", "away"), strict=True)
        ],
        "startDate": _rfc3339(booking.listed_ms),
        "startTime": _rfc3339(booking.starts_ms),
        "endDate": _rfc3339(Ms(booking.starts_ms + ENDS_AFTER_MS)),
        "active": True,
        "closed": all(market.payout_yes is not None for market in markets) and ended,
        "archived": False,
        "restricted": False,
        "enableOrderBook": True,
        "negRisk": any(market.sheet.terms.neg_risk for market in markets),
        "live": moment is not None and not ended,
        "ended": ended,
        "score": _score(booking, moment),
        "period": f"{moment.map_number if moment else 1}/{booking.series.best_of}",
        "tags": [
            {"id": tag, "label": label, "slug": slug}
            for tag, label, slug in (ESPORTS_TAG, GAME_TAGS[booking.game])
        ],
        "series": [{"slug": booking.tournament.lower().replace(" ", "-"), "title": booking.tournament}],
        "markets": [_market_json(market) for market in markets],
    }


def new_market(sheet: Sheet, now_ms: Ms) -> wire.NewMarket:
    booking, terms = sheet.booking, sheet.terms
    tokens: list[TokenId] = [terms.yes_token, terms.no_token]
    return wire.NewMarket(
        id=sheet.number,
        question=sheet.question,
        market=terms.market_id,
        slug=sheet.slug,
        description=DESCRIPTION,
        assets_ids=tokens,
        outcomes=[sheet.name(outcome) for outcome in Outcome],
        event_message=wire.EventMessage(
            id=event_id(booking),
            ticker=event_slug(booking),
            slug=event_slug(booking),
            title=event_title(booking),
            description=DESCRIPTION,
        ),
        timestamp=str(now_ms),
        tags=tag_slugs(booking.game),
        condition_id=terms.market_id,
        active=True,
        clob_token_ids=tokens,
        sports_market_type=sheet.sports_type,
        line="",
        game_start_time=_rfc3339(booking.starts_ms),
        order_price_min_tick_size=wire.price_text(terms.tick),
        group_item_title=sheet.group_title,
        taker_base_fee="1000",
        fees_enabled=True,
        fee_schedule=wire.FeeScheduleText(
            exponent="1", rate=text(terms.fee_rate, 6), taker_only=True, rebate_rate=text(REBATE, 6)
        ),
    )


def _market_json(market: MarketState) -> dict[str, object]:
    sheet, terms = market.sheet, market.sheet.terms
    closed = market.payout_yes is not None
    described: dict[str, object] = {
        "id": sheet.number,
        "conditionId": sheet.condition_id,
        "question": sheet.question,
        "slug": sheet.slug,
        "version": terms.version,
        "description": DESCRIPTION,
        "outcomes": _json_text([sheet.name(outcome) for outcome in Outcome]),
        "outcomePrices": _json_text(_outcome_prices(market)),
        "sportsMarketType": sheet.sports_type,
        "groupItemTitle": sheet.group_title,
        "gameStartTime": _time(sheet.booking.starts_ms).strftime("%Y-%m-%d %H:%M:%S+00"),
        "active": True,
        "closed": closed,
        "archived": False,
        "acceptingOrders": not closed,
        "enableOrderBook": True,
        "negRisk": terms.neg_risk,
        "restricted": False,
        "orderMinSize": _number(terms.min_size, 6),
        "orderPriceMinTickSize": _number(market.tick, 4),
        "secondsDelay": terms.delay_ms // 1_000,
        "clearBookOnStart": True,
        "feesEnabled": True,
        "feeType": "sports_fees_v2",
        "feeSchedule": {
            "exponent": 1,
            "rate": _number(terms.fee_rate, 6),
            "takerOnly": True,
            "rebateRate": _number(REBATE, 6),
        },
    }
    if terms.version is Version.V1:
        described["clobTokenIds"] = _json_text([terms.yes_token, terms.no_token])
    else:
        described["resolutionStatus"] = "resolved" if closed else "active"
    if sheet.position_ids is not None:
        described["positionIds"] = list(sheet.position_ids)
    if market.best_bid is not None:
        described["bestBid"] = _number(market.best_bid, 4)
    if market.best_ask is not None:
        described["bestAsk"] = _number(market.best_ask, 4)
    if closed and terms.version is Version.V1:
        described["umaResolutionStatus"] = "resolved"
    return described


def _outcome_prices(market: MarketState) -> list[str]:
    """What was paid after resolution, else the last trade; half and half where there was none."""
    if market.payout_yes is not None:
        yes = market.payout_yes
    else:
        yes = Price(ONE // 2) if market.last_price is None else market.last_price
    return [text(yes, 4), text(ONE - yes, 4)]


def _score(booking: Booking, moment: Moment | None) -> str:
    """``in-map|maps|format``; 000-000 is the venue's way to say that it does not know the first."""
    maps = moment.maps if moment else (0, 0)
    return f"000-000|{maps[0]}-{maps[1]}|Bo{booking.series.best_of}"


def _number(value: int, places: int) -> float | int:
    """Gamma writes these as JSON numbers."""
    whole, rest = divmod(value, 10**places)
    return float(text(value, places)) if rest else whole


def _json_text(values: Sequence[str]) -> str:
    return msgspec.json.encode(values).decode()


def _time(at_ms: Ms) -> datetime:
    return datetime.fromtimestamp(at_ms / 1_000, tz=UTC)


def _rfc3339(at_ms: Ms) -> str:
    return _time(at_ms).strftime("%Y-%m-%dT%H:%M:%SZ")
