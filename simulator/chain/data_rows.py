"""Trades, activity, positions and resolutions as the Data API v2 writes them: snake case, JSON numbers."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from core.ids import MarketId, Outcome
from core.units import ONE, Ms, Usdc, cost
from simulator import gamma
from simulator.chain.data_queries import number
from simulator.chain.indexer import Indexer, Position, Row
from simulator.sheets import Sheet
from simulator.world import World

PAYOUT: Final = 100  # a payout is told in millionths, a price is in ten-thousandths
HUNDRED_PERCENT: Final = 100 * 1_000_000


def trade(world: World, wallet: str, row: Row) -> dict[str, object]:
    assert row.side is not None
    assert row.price is not None
    return {
        "proxy_wallet": wallet,
        "side": row.side.upper(),
        **_market(_sheet(world, row.market_id), row.outcome),
        "size": number(row.shares),
        "price": number(row.price, 4),
        "timestamp": row.at_ms // 1_000,
        "transaction_hash": row.tx_hash,
        **_nobody(),
    }


def activity(world: World, wallet: str, row: Row) -> dict[str, object]:
    """As a trade, with what kind of thing it was; a split or a merge belongs to no outcome: index 999."""
    return {
        "proxy_wallet": wallet,
        "type": row.kind,
        **({} if row.side is None else {"side": row.side.upper()}),
        **_market(_sheet(world, row.market_id), row.outcome),
        "size": number(row.shares),
        "usdc_size": number(row.cash),
        "price": number(row.price or 0, 4),
        "timestamp": row.at_ms // 1_000,
        "transaction_hash": row.tx_hash,
        "is_combo": False,
        **_nobody(),
    }


def position(
    indexer: Indexer, world: World, wallet: str, held: Position, *, mergeable: bool
) -> dict[str, object]:
    sheet = _sheet(world, held.market_id)
    price = indexer.price(held.market_id, held.outcome)
    value = cost(price, held.size)
    unrealized = Usdc(value - held.cost) if held.size else Usdc(0)
    resolved = held.market_id in world.exchange.resolved
    total = Usdc(held.realized + unrealized)
    return {
        "proxy_wallet": wallet,
        **_market(sheet, held.outcome),
        "opposite_token_id": sheet.token(held.outcome.other),
        "opposite_outcome": sheet.name(held.outcome.other),
        "current_size": number(held.size),
        "avg_price": number(_average(held)),
        "entry_cost_usdc": number(held.cost),
        "entry_fees_usdc": number(held.fees),
        "total_cost_usdc": number(held.cost + held.fees),
        "current_price": number(price, 4),
        "current_value": number(value),
        "total_size": number(held.bought),
        "realized_pnl": number(held.realized),
        "unrealized_pnl": number(unrealized),
        "total_pnl": number(total),
        "percent_pnl": number(_percent(unrealized, held.cost)),
        "percent_realized_pnl": number(_percent(held.realized, held.cost)),
        "status": status(held, resolved=resolved),
        "redeemable": resolved and held.size > 0,
        "mergeable": mergeable,
        "negative_risk": sheet.terms.neg_risk,
        "archived": False,
        "verified": True,
        "event_id": gamma.event_id(sheet.booking),
        "end_date": _day(sheet.booking.starts_ms),
        "last_event_at": 0 if held.last_ms is None else held.last_ms // 1_000,
        "first_entry_at": 0 if held.first_ms is None else held.first_ms // 1_000,
    }


def status(held: Position, *, resolved: bool) -> str:
    if not held.size:
        return "CLOSED"
    return "REDEEMABLE" if resolved else "OPEN"


def resolution(indexer: Indexer, world: World, market_id: MarketId, now_ms: Ms) -> dict[str, object]:
    """One market's resolution, or where it stands before it: nothing proposed yet."""
    payout = world.exchange.resolved.get(market_id)
    resolved_ms = indexer.resolved_ms.get(market_id)
    told = payout is not None and resolved_ms is not None and resolved_ms <= now_ms - indexer.lag_ms
    row: dict[str, object] = {
        "condition_id": market_id,
        "status": "resolved" if told else "initialized",
        "extended_review": False,
        "was_disputed": False,
        "new_version_q": False,
        "last_update_timestamp": _seconds(resolved_ms if told else _listed_ms(world, market_id)),
        "payouts": None,
    }
    if told:
        assert payout is not None
        assert resolved_ms is not None
        row["payouts"] = [payout * PAYOUT, (ONE - payout) * PAYOUT]
        row |= {"reporter": "UMA_OO", "resolution_source": "reported", "resolved_at": stamp(resolved_ms)}
    return row


def is_mergeable(held: Position, all_held: Sequence[Position], world: World) -> bool:
    """Whether the wallet holds the other outcome of an open market too."""
    if held.market_id in world.exchange.resolved or not held.size:
        return False
    other = (held.market_id, held.outcome.other)
    return any((one.market_id, one.outcome) == other and one.size for one in all_held)


def _sheet(world: World, market_id: MarketId) -> Sheet:
    sheet = world.sheet(market_id)
    assert sheet is not None, f"{market_id} has positions and no sheet"
    return sheet


def _market(sheet: Sheet, outcome: Outcome | None) -> dict[str, object]:
    return {
        "token_id": "" if outcome is None else sheet.token(outcome),
        "condition_id": sheet.terms.market_id,
        "title": sheet.question,
        "slug": sheet.slug,
        "icon": "",
        "event_slug": gamma.event_slug(sheet.booking),
        "outcome": "" if outcome is None else sheet.name(outcome),
        "outcome_index": 999 if outcome is None else tuple(Outcome).index(outcome),
    }


def _nobody() -> dict[str, object]:
    """A profile that was never filled in."""
    names = ("name", "pseudonym", "bio", "profile_image", "profile_image_optimized")
    return dict.fromkeys(names, "")


def _average(held: Position) -> int:
    """Entry cost per share in millionths, without fees."""
    return held.cost * 1_000_000 // held.size if held.size else 0


def _percent(part: Usdc, whole: Usdc) -> int:
    return part * HUNDRED_PERCENT // whole if whole else 0


def _listed_ms(world: World, market_id: MarketId) -> Ms:
    return _sheet(world, market_id).booking.listed_ms


def _seconds(at_ms: Ms | None) -> int:
    return 0 if at_ms is None else at_ms // 1_000


def stamp(at_ms: Ms) -> str:
    return _time(at_ms).strftime("%Y-%m-%dT%H:%M:%SZ")


def _day(at_ms: Ms) -> str:
    return _time(at_ms).strftime("%Y-%m-%d")


def _time(at_ms: Ms) -> datetime:
    return datetime.fromtimestamp(at_ms / 1_000, tz=UTC)


def worth(indexer: Indexer, held: Position) -> Usdc:
    return cost(indexer.price(held.market_id, held.outcome), held.size)
