"""What Gamma's events and markets mean to us (polymarket.md 7). ``gamma_wire`` has their shapes.

Every event and every market is read by itself, so that a bad one costs nothing but itself. What is not taken is
either skipped (a kind of market we do not trade) or refused with the field and the value; both are counted.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

import msgspec
from msgspec import Raw, ValidationError

from core import units
from core.events import FeeSchedule, MarketKind, MarketListed
from core.ids import EventId, GroupId, MarketId, MatchId, TokenId
from core.units import CERTAIN, ONE, Ms, Price, Prob
from feeds.listings import EventDescribed, Game, Listing, MarketState, MatchDescribed, Protocol
from feeds.refusals import OnRefusal, Refusal, RefusalReason, shortened
from feeds.sources.polymarket import gamma_wire as wire
from feeds.sources.polymarket.gamma_wire import Texts, WireEvent, WireMarket

GAME_TAGS: Final = {"65": Game.LOL, "102366": Game.DOTA2}
GAME_SLUGS: Final = {"lol": Game.LOL, "dota2": Game.DOTA2}
KINDS: Final = {"moneyline": MarketKind.SERIES, "child_moneyline": MarketKind.MAP}
CONDITION: Final = re.compile(r"0x([0-9a-f]{64}|[0-9a-f]{62})")
TOKEN: Final = re.compile(r"[0-9]{1,80}")
MAP_IN_SLUG: Final = re.compile(r"-(?:game|map)-?(\d{1,2})\b")
MAP_IN_TITLE: Final = re.compile(r"\b(?:game|map)\s+(\d{1,2})\b", re.IGNORECASE)
BEST_OF: Final = re.compile(r"\bbo([1-9])\b", re.IGNORECASE)
ID: Final = re.compile(r"[\w-]{1,60}")
SKIPS_MAX: Final = 50
GROUP_MAX: Final = 200
# Bounds of what is believable; beyond them something was misread, and rows could not hold it.
EXPONENT_MAX: Final = 9
DIGITS_MAX: Final = 12
MIN_SIZE_MAX: Final = units.shares("1000000")
DELAY_MS_MAX: Final = 3_600_000
EARLIEST_MS: Final = 1_400_000_000_000
LATEST_MS: Final = 4_100_000_000_000


class Refused(Exception):
    """Stop reading this market."""

    def __init__(self, reason: RefusalReason, field: str, value: object) -> None:
        super().__init__(f"{field}: {value!r}")
        self.reason = reason


class Reader:
    """Reads events for one venue. ``refused`` and ``skipped`` count since it was made."""

    def __init__(self, venue: str, on_refusal: OnRefusal) -> None:
        self.refused: Counter[RefusalReason] = Counter()
        self.skipped: Counter[str] = Counter()
        self._venue = venue
        self._on_refusal = on_refusal

    def read(self, text: Raw, heard_ms: Ms) -> EventDescribed | None:
        """The event with the markets we may trade. ``None`` for one of another game, or one we will not take."""
        try:
            event = wire.events.decode(text)
            game = _game(event)
            if game is None:
                self._skip("another game")
                return None
            _printable(text)
            event_id = EventId(_id("id", event.id))
            match_id = (
                None if event.game_id is None else MatchId(f"{self._venue}:{_id('gameId', event.game_id)}")
            )
        except msgspec.DecodeError as error:
            self._refuse(*_said(error, bytes(text)), "event", None, heard_ms)
            return None
        except Refused as refused:
            self._refuse(refused.reason, str(refused), "event", None, heard_ms)
            return None
        markets = [market for raw in event.markets if (market := self._wanted(raw, heard_ms)) is not None]
        listings = []
        for market in markets:
            try:
                group = _group(event, game, event_id)
                listings.append(_listing(event, market, event_id, group, match_id, heard_ms))
            except Refused as refused:
                self._refuse(refused.reason, str(refused), market.slug, market.condition_id, heard_ms)
        return EventDescribed(_match(event, game, match_id, listings), tuple(listings))

    def _wanted(self, text: Raw, heard_ms: Ms) -> WireMarket | None:
        """The market when it is of a kind that we trade."""
        try:
            kind = wire.kinds.decode(text).sports_market_type
            if kind not in KINDS:
                self._skip(kind or "no kind")
                return None
            return wire.markets.decode(text)
        except msgspec.DecodeError as error:
            self._refuse(*_said(error, bytes(text)), "market", None, heard_ms)
            return None

    def _skip(self, why: str) -> None:
        """The venue invents kinds as it likes; not every one gets a count of its own."""
        known = why in self.skipped or len(self.skipped) < SKIPS_MAX
        self.skipped[why[:40] if known else "another kind"] += 1

    def _refuse(
        self, reason: RefusalReason, detail: str, where: str, market: str | None, heard_ms: Ms
    ) -> None:
        self.refused[reason] += 1
        market_id = None if market is None else MarketId(market)
        self._on_refusal(Refusal(reason, shortened(f"{where}: {detail}"), market_id, heard_ms))


@dataclass(frozen=True, slots=True)
class Terms:
    """What tells a trade of a market apart and what it cost; ``fees`` is ``None`` where they cannot be computed."""

    market_id: MarketId
    yes: TokenId
    no: TokenId
    fees: FeeSchedule | None


def terms_of(text: Raw) -> Terms | None:
    """Of one market, of whatever kind and state; ``None`` where it cannot be read."""
    try:
        market = wire.markets.decode(text)
        yes, no = _tokens(market)
        return Terms(_market_id(market.condition_id), yes, no, _fees(market))
    except (msgspec.DecodeError, Refused):
        return None


def _listing(
    event: WireEvent,
    market: WireMarket,
    event_id: EventId,
    group: GroupId,
    match_id: MatchId | None,
    heard_ms: Ms,
) -> Listing:
    """Raises ``Refused`` with the field."""
    kind = KINDS[market.sports_market_type or ""]
    best_of = _best_of(event)
    yes_name, no_name = _pair("outcomes", market.outcomes)
    yes_token, no_token = _tokens(market)
    payout = _payout(market)
    listed = MarketListed(
        market_id=_market_id(market.condition_id),
        event_id=event_id,
        group=group,
        match_id=match_id,
        kind=kind,
        title=market.question or event.title,
        yes_token=yes_token,
        no_token=no_token,
        yes_name=yes_name,
        no_name=no_name,
        tick=_tick(market.order_price_min_tick_size),
        min_size=units.Shares(_micro("orderMinSize", market.order_min_size, most=MIN_SIZE_MAX)),
        delay_ms=_delay(market.seconds_delay),
        fees=_fees(market),
        starts_ms=_moment("gameStartTime", market.game_start_time or event.start_time),
        map_number=_map_number(market, best_of) if kind is MarketKind.MAP else None,
        best_of=best_of,
        # Said only of markets that are wiped.
        wiped_at_start=market.clear_book_on_start is True,
        heard_ms=heard_ms,
    )
    return Listing(
        listed,
        market.slug,
        _state(market, payout),
        payout,
        neg_risk=market.neg_risk is True,
        protocol=Protocol(market.version or Protocol.V1),
    )


def _match(
    event: WireEvent, game: Game, match_id: MatchId | None, listings: Sequence[Listing]
) -> MatchDescribed | None:
    """The match as its series market names the teams, or any map's market where there is none."""
    by_series = sorted(listings, key=lambda listing: listing.market.kind is not MarketKind.SERIES)
    if match_id is None or not by_series:
        return None
    named = by_series[0].market
    return MatchDescribed(
        match_id=match_id,
        game=game,
        title=event.title,
        teams=(named.yes_name, named.no_name),
        best_of=named.best_of,
        tournament=_tournament(event),
        starts_ms=named.starts_ms,
    )


def _game(event: WireEvent) -> Game | None:
    by_tag = (GAME_TAGS.get(str(tag.id)) for tag in event.tags)
    return next((game for game in by_tag if game), None) or GAME_SLUGS.get(event.slug.partition("-")[0])


def _best_of(event: WireEvent) -> int | None:
    found = BEST_OF.search(event.title) or BEST_OF.search(event.score or "")
    return None if found is None else int(found[1])


def _tournament(event: WireEvent) -> str:
    named = next((series.title for series in event.series if series.title), None)
    return named or event.title.rpartition(" - ")[2] if " - " in event.title or named else ""


def _group(event: WireEvent, game: Game, event_id: EventId) -> GroupId:
    """The tournament, whatever its spelling; two games' cups of one name are two. Unnamed: the event."""
    tournament = " ".join(_tournament(event).split()).casefold()[:GROUP_MAX]
    return GroupId(f"{game}: {tournament}" if tournament else f"event {event_id}")


def _market_id(condition: str) -> MarketId:
    """V2 conditions have 31 bytes; everywhere else the venue wants them padded to 32 (polymarket.md 3.1)."""
    if CONDITION.fullmatch(condition.lower()) is None:
        raise Refused(RefusalReason.BAD_NUMBER, "conditionId", condition)
    return MarketId(condition.lower().ljust(66, "0"))


def _tokens(market: WireMarket) -> tuple[TokenId, TokenId]:
    """By the market's version, never by what is there: v1 markets carry position ids without a book."""
    field, said = ("clobTokenIds", market.clob_token_ids)
    if market.version == "v2":
        field, said = ("positionIds", market.position_ids)
    if said is None:
        raise Refused(RefusalReason.MISSING_FIELD, field, None)
    yes, no = _pair(field, said)
    for token in (yes, no):
        if TOKEN.fullmatch(token) is None:
            raise Refused(RefusalReason.BAD_NUMBER, field, token)
    return TokenId(yes), TokenId(no)


def _pair(field: str, said: Texts) -> tuple[str, str]:
    """Two different texts; Gamma writes lists as JSON text."""
    try:
        values = wire.texts.decode(said) if isinstance(said, str) else said
    except msgspec.DecodeError:
        raise Refused(RefusalReason.MALFORMED_JSON, field, said) from None
    if len(values) != 2 or values[0] == values[1] or not all(values):
        raise Refused(RefusalReason.WRONG_TYPE, field, values)
    return values[0], values[1]


def _id(field: str, said: str | int) -> str:
    if ID.fullmatch(str(said)) is None:
        raise Refused(RefusalReason.BAD_NUMBER, field, said)
    return str(said)


def _printable(text: Raw) -> None:
    """A NUL is legal JSON, but no database takes it."""
    if b"\\u0000" in bytes(text):
        raise Refused(RefusalReason.WRONG_TYPE, "text", "a NUL character")


def _plain(said: Decimal) -> str:
    """Without exponent, for ``units``. Raises ``ValueError`` for what no price, size or fee could be."""
    if not said.is_finite() or abs(said.adjusted()) > DIGITS_MAX:
        raise ValueError(f"not a number of a sensible size: {said}")
    return format(said, "f")


def _tick(said: Decimal) -> Price:
    try:
        tick = units.price(_plain(said))
    except ValueError:
        tick = Price(0)
    if not 0 < tick < ONE or ONE % tick:
        raise Refused(RefusalReason.BAD_NUMBER, "orderPriceMinTickSize", str(said))
    return tick


def _micro(field: str, said: Decimal, *, most: int) -> int:
    try:
        value = units.micro(_plain(said))
    except ValueError:
        value = most + 1
    if value > most:
        raise Refused(RefusalReason.BAD_NUMBER, field, str(said))
    return value


def _delay(said: Decimal | None) -> Ms:
    """Gamma leaves ``secondsDelay`` out of markets that have none."""
    return Ms(0 if said is None else _micro("secondsDelay", said, most=DELAY_MS_MAX * 1000) // 1000)


def _fees(market: WireMarket) -> FeeSchedule | None:
    """``None`` for a fee we cannot compute exactly: unknown, makers charged too, a broken exponent."""
    if market.fees_enabled is False:
        return FeeSchedule(rate=Prob(0), exponent=1, rebate=Prob(0))
    said = market.fee_schedule
    if said is None or said.rate is None or said.exponent is None or said.taker_only is False:
        return None
    try:
        rate = units.micro(_plain(said.rate))
        # No rebate stated: none is counted on.
        rebate = 0 if said.rebate_rate is None else units.micro(_plain(said.rebate_rate))
        exponent, rest = divmod(units.micro(_plain(said.exponent)), CERTAIN)
    except ValueError:
        return None
    if rest or exponent > EXPONENT_MAX or rate > CERTAIN or rebate > CERTAIN:
        return None
    return FeeSchedule(rate=Prob(rate), exponent=exponent, rebate=Prob(rebate))


def _moment(field: str, said: str | None) -> Ms | None:
    """``2026-08-06 18:00:00+00`` or RFC 3339, to the second."""
    if said is None:
        return None
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        raise Refused(RefusalReason.BAD_TIMESTAMP, field, said) from None
    whole = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    at_ms = Ms(int(whole.timestamp()) * 1000)
    if not EARLIEST_MS <= at_ms <= LATEST_MS:
        raise Refused(RefusalReason.BAD_TIMESTAMP, field, said)
    return at_ms


def _map_number(market: WireMarket, best_of: int | None) -> int:
    """From slug and titles; they must not contradict each other."""
    titles = f"{market.group_item_title or ''} {market.question or ''}"
    found = {*MAP_IN_SLUG.findall(market.slug), *MAP_IN_TITLE.findall(titles)}
    numbers = {int(number) for number in found}
    if len(numbers) != 1 or not 1 <= min(numbers) <= (best_of or 9):
        raise Refused(RefusalReason.BAD_NUMBER, "map number", sorted(numbers))
    return numbers.pop()


def _payout(market: WireMarket) -> Price | None:
    """What YES was paid. Half and half is believed only when the venue calls the market resolved."""
    status = market.resolution_status if market.version == "v2" else market.uma_resolution_status
    if not market.closed or market.outcome_prices is None or status not in (None, "resolved"):
        return None
    prices = market.outcome_prices
    try:
        values = wire.texts.decode(prices) if isinstance(prices, str) else prices
        yes, no = (units.price(value) for value in values)
    except ValueError:
        raise Refused(RefusalReason.BAD_NUMBER, "outcomePrices", prices) from None
    paid = {(ONE, 0), (0, ONE)} if status is None else {(ONE, 0), (0, ONE), (ONE // 2, ONE // 2)}
    return yes if (yes, no) in paid else None


def _state(market: WireMarket, payout: Price | None) -> MarketState:
    if payout is not None:
        return MarketState.RESOLVED
    if market.closed:
        return MarketState.CLOSED
    return MarketState.OPEN if market.active and market.accepting_orders else MarketState.SUSPENDED


def _said(error: msgspec.DecodeError, text: bytes) -> tuple[RefusalReason, str]:
    """Why, naming the field and what stood there."""
    if not isinstance(error, ValidationError):
        return RefusalReason.MALFORMED_JSON, f"{error}: {text[:80]!r}"
    words = str(error)
    if "missing required field" in words:
        return RefusalReason.MISSING_FIELD, f"{words}, in {_name(text)}"
    field = re.search(r"\$\.(\w+)", words)
    value = None if field is None else _fields(text).get(field[1])
    return RefusalReason.WRONG_TYPE, f"{words}: {value!r}, in {_name(text)}"


def _name(text: bytes) -> str:
    said = _fields(text)
    return str(said.get("slug") or said.get("id"))


def _fields(text: bytes) -> dict[str, object]:
    """The fields, for a message about them. None where the text is no object, or broken further on."""
    try:
        value: object = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return {}
    return value if isinstance(value, dict) else {}
