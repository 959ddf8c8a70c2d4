"""Which markets are on a tape: from a ``markets.json`` beside it, or learned from its frames.

A tape rarely states fees, minimum or delay; what it leaves out comes from ``market_defaults`` and is reported.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

import msgspec

from core import units
from core.events import FeeSchedule, MarketKind, MarketListed
from core.ids import EventId, GroupId, MarketId, MatchId, TokenId
from core.units import Ms, Price, Prob
from feeds.market_defaults import Defaults, MarketDefaults
from feeds.sources.polymarket.wire import FRAME, Message

MAP_NUMBER: Final = re.compile(r"(?:game|map)[ -]?(\d)", re.IGNORECASE)
BEST_OF: Final = re.compile(r"\bBO(\d)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TapeMarket:
    """A market of a tape, what one YES share paid in the end where known, and whose defaults filled the gaps."""

    listing: MarketListed
    payout: Price | None
    defaults: str | None


class _Described(msgspec.Struct):
    """One entry of a ``markets.json``, in any of the spellings seen. Facts that are missing stay ``None``."""

    market_id: str | None = None
    condition_id: str | None = None
    yes_token_id: str | None = None
    no_token_id: str | None = None
    up_token_id_SYNTHETIC: str | None = None  # noqa: N815 -- the file's spelling
    down_token_id_SYNTHETIC: str | None = None  # noqa: N815 -- the file's spelling
    question: str | None = None
    name: str | None = None
    slug: str | None = None
    category: str | None = None
    market_type: str | None = None
    yes_name: str | None = None
    no_name: str | None = None
    yes_team: str | None = None
    no_team: str | None = None
    outcome_up: str | None = None
    outcome_down: str | None = None
    event_id: str | None = None
    tournament: str | None = None
    match_id: str | None = None
    map_number: int | None = None
    best_of: int | None = None
    starts_ms: int | None = None
    start_ts: int | None = None
    tick: str | None = None
    min_size: str | None = None
    delay_ms: int | None = None
    fee_rate: str | None = None
    rebate: str | None = None
    payout_yes: str | None = None
    payout_up: Decimal | None = None


def described(path: Path, defaults: MarketDefaults) -> dict[MarketId, TapeMarket]:
    """The markets of a ``markets.json``. Raises ``OSError``, ``ValueError`` (the file is not what it should be)."""
    entries = msgspec.json.decode(path.read_bytes(), type=list[_Described])
    markets = [market for entry in entries if (market := _market(entry, defaults)) is not None]
    return {market.listing.market_id: market for market in markets}


def _market(entry: _Described, defaults: MarketDefaults) -> TapeMarket | None:
    """``None`` for an entry without an id or without both tokens: its frames are learned from, or refused."""
    market_id = entry.condition_id or entry.market_id
    yes = entry.yes_token_id or entry.up_token_id_SYNTHETIC
    no = entry.no_token_id or entry.down_token_id_SYNTHETIC
    if not market_id or not yes or not no:
        return None
    title = entry.question or entry.name or entry.slug or market_id
    kind, map_number = _kind(entry, title)
    esports = kind is not MarketKind.OTHER or entry.fee_rate is not None
    terms = defaults.of(entry.category or ("esports" if esports else None))
    stated = None not in (entry.tick, entry.min_size, entry.delay_ms, entry.fee_rate)
    best_of = BEST_OF.search(title)
    payout = entry.payout_yes if entry.payout_up is None else str(entry.payout_up.normalize())
    listing = MarketListed(
        market_id=MarketId(market_id),
        event_id=EventId(entry.event_id or market_id),
        group=GroupId(entry.tournament or f"event {entry.event_id or market_id}"),
        match_id=MatchId(f"tape:{entry.match_id}") if entry.match_id else None,
        kind=kind,
        title=title,
        yes_token=TokenId(yes),
        no_token=TokenId(no),
        yes_name=entry.yes_name or entry.yes_team or entry.outcome_up or "Yes",
        no_name=entry.no_name or entry.no_team or entry.outcome_down or "No",
        tick=units.price(entry.tick) if entry.tick else terms.tick,
        min_size=units.shares(entry.min_size) if entry.min_size else terms.min_size,
        delay_ms=Ms(entry.delay_ms) if entry.delay_ms is not None else terms.delay_ms,
        fees=_fees(entry, terms),
        starts_ms=_ms(entry.starts_ms or entry.start_ts),
        map_number=map_number,
        best_of=entry.best_of or (int(best_of[1]) if best_of else None),
        wiped_at_start=False,
        heard_ms=Ms(0),
    )
    return TapeMarket(
        listing, None if payout is None else units.price(payout), None if stated else terms.category
    )


def _kind(entry: _Described, title: str) -> tuple[MarketKind, int | None]:
    found = MAP_NUMBER.search(title)
    if entry.map_number is not None:
        return MarketKind.MAP, entry.map_number
    if entry.market_type == "MAP_WINNER":
        return MarketKind.MAP, int(found[1]) if found else None
    if entry.market_type == "MATCH_WINNER" or entry.match_id is not None:
        return MarketKind.SERIES, None
    return MarketKind.OTHER, None


def _fees(entry: _Described, terms: Defaults) -> FeeSchedule:
    if entry.fee_rate is None:
        return terms.fees
    rebate = terms.fees.rebate if entry.rebate is None else Prob(units.micro(entry.rebate))
    return FeeSchedule(Prob(units.micro(entry.fee_rate)), terms.fees.exponent, rebate)


def _ms(value: int | None) -> Ms | None:
    return None if value is None else Ms(value)


def learned(frames: Iterable[bytes], defaults: MarketDefaults) -> dict[MarketId, TapeMarket]:
    """The markets that frames speak of: two tokens under one id; YES is the one seen first.

    Which of the two is YES changes names and nothing else: the book is the same from both sides.
    """
    tokens: dict[str, list[str]] = {}
    for frame in frames:
        try:
            decoded = FRAME.decode(frame)
        except msgspec.DecodeError:
            continue
        for message in [decoded] if isinstance(decoded, Message) else decoded:
            seen = tokens.setdefault(message.market, [])
            for token in _tokens(message):
                if token not in seen and len(seen) < 2:
                    seen.append(token)
    return {
        MarketId(market_id): TapeMarket(_nameless(market_id, seen, defaults.of(None)), None, defaults.unnamed)
        for market_id, seen in tokens.items()
        if market_id and len(seen) == 2
    }


def _tokens(message: Message) -> list[str]:
    """Only books and changes teach: ``new_market`` speaks of markets whose frames never come."""
    if message.price_changes is not None:
        return [change.asset_id for change in message.price_changes]
    return [message.asset_id] if message.bids is not None and message.asset_id else []


def _nameless(market_id: str, tokens: list[str], terms: Defaults) -> MarketListed:
    return MarketListed(
        market_id=MarketId(market_id),
        event_id=EventId(market_id),
        group=GroupId(f"event {market_id}"),
        match_id=None,
        kind=MarketKind.OTHER,
        title=f"{market_id[:10]}...",
        yes_token=TokenId(tokens[0]),
        no_token=TokenId(tokens[1]),
        yes_name="Yes",
        no_name="No",
        tick=terms.tick,
        min_size=terms.min_size,
        delay_ms=terms.delay_ms,
        fees=terms.fees,
        starts_ms=None,
        map_number=None,
        best_of=None,
        wiped_at_start=False,
        heard_ms=Ms(0),
    )
