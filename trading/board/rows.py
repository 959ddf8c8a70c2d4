"""Rows of the board: what the engine knows, as the console shows it.

Prices, sizes and money are decimal text, times are ms of ``infra.clock``, unknown is ``None``. Read in the
runner's own thread, so a row is never half of one moment and half of the next.
"""

from collections.abc import Callable
from typing import Any, Final

from core.book import Book, Trust
from core.breaker import Breaker
from core.desk import Desk
from core.engine import Engine
from core.events import FillSeen, MarketKind, MatchSignal, SignalKind, TradePrinted
from core.ids import MarketId, Outcome
from core.intents import Place
from core.notes import Decided
from core.orders import Order
from core.pair import PairLedger
from core.strategies.view import GateCheck, Unit
from core.units import Ms, Shares, Usdc, text
from core.valuation import excess_worth
from core.windows import Window
from feeds.selectors import MatchRow

Row = dict[str, Any]
AheadOf = Callable[[Order], Shares | None]
LADDER: Final = 10
STATUS: Final = {SignalKind.PAUSED: "paused", SignalKind.ENDED: "ended", SignalKind.ABANDONED: "void"}


def price(value: int | None) -> str | None:
    return None if value is None else text(value, 4)


def micro(value: int | None) -> str | None:
    return None if value is None else text(value, 6)


def plain(value: int | None) -> str | None:
    return None if value is None else str(value)


SHOWN: Final = {Unit.PRICE: price, Unit.SHARES: micro, Unit.USDC: micro, Unit.MS: plain, Unit.WORD: plain}


def gate_row(check: GateCheck) -> Row:
    """A gate as people read it: value against limit, in its unit."""
    shown = SHOWN[check.unit]
    return {
        "name": check.gate.value,
        "passed": check.passed,
        "value": shown(check.value),
        "limit": shown(check.limit),
        "unit": check.unit.value,
        "word": check.word,
    }


def market_row(engine: Engine, desk: Desk, *, ahead_of: AheadOf, game: str | None, now: Ms) -> Row:
    """Everything the console knows of one market."""
    listing, book, last = desk.listing, desk.book, desk.last_decision
    return {
        "market_id": listing.market_id,
        "title": listing.title,
        "short": short_title(desk),
        "kind": listing.kind.value,
        "game": game,
        "match_id": listing.match_id,
        "event_id": listing.event_id,
        "map_number": listing.map_number,
        "yes_name": listing.yes_name,
        "no_name": listing.no_name,
        "state": desk.state.value,
        "halted": engine.halted is not None or desk.halted is not None,
        "halt_reason": desk.halted or engine.halted,
        "breaker": breaker_row(desk.guard.breaker),
        "tick": price(listing.tick),
        "min_size": micro(listing.min_size),
        "delay_ms": listing.delay_ms,
        "fee_rate": None if listing.fees is None else micro(listing.fees.rate),
        **book_fields(book, trusted=book.trust is Trust.TRUSTED),
        "last_trade": None if desk.last_trade is None else _trade(desk.last_trade),
        "pair": pair_row(desk.pair, desk.naked_since_ms, engine.setup.params.naked_leg_max_ms),
        "pnl": pnl_row(desk, now),
        "orders": [order_row(order, ahead_of(order)) for order in desk.orders.open()],
        "decision": None if last is None else _last(last),
        "gates": [] if last is None else [gate_row(check) for check in last.gates],
        "resolved_payout": price(desk.payout),
    }


def breaker_row(breaker: Breaker) -> Row | None:
    """Why a market stopped by itself, and until when; ``None`` while it has not."""
    trip = breaker.trip
    if trip is None:
        return None
    return {
        "state": breaker.state.value,
        "code": trip.code.value,
        "detail": trip.detail,
        "tripped": trip.tripped,
        "opened_ms": trip.opened_ms,
        "until_ms": trip.until_ms,
    }


def window_row(window: Window | None) -> Row:
    """When the venue takes which orders, as far as it has said."""
    return {
        "mode": "open" if window is None else window.mode.value,
        "since_ms": None if window is None else window.since_ms,
        "until_ms": None if window is None else window.until_ms,
        "detail": None if window is None else window.detail,
    }


def short_title(desk: Desk) -> str:
    """Both names and the map, as the tables show it."""
    listing = desk.listing
    tail = f" · map {listing.map_number}" if listing.kind is MarketKind.MAP else ""
    return f"{listing.yes_name} v {listing.no_name}{tail}"


def book_fields(book: Book, *, trusted: bool) -> Row:
    """The ladder in YES terms with the state of trust. Sizes are shown also when not trusted; the page says so."""
    bid, ask = book.best_bid, book.best_ask
    return {
        "trust": book.trust.value,
        "trusted": trusted,
        "trust_since_ms": book.trust_since_ms,
        "said_ms": book.said_ms,
        "heard_ms": book.heard_ms,
        "bid": price(bid),
        "bid_size": None if bid is None else micro(book.size_at(is_bid=True, price=bid)),
        "ask": price(ask),
        "ask_size": None if ask is None else micro(book.size_at(is_bid=False, price=ask)),
        "bids": [[price(at), micro(size)] for at, size in book.bids(LADDER)],
        "asks": [[price(at), micro(size)] for at, size in book.asks(LADDER)],
        "mirror_holds": book.mirror_holds(),
        "phantoms": book.phantoms,
        "phantom_open_ms": book.phantom_since_ms,
    }


def _trade(trade: TradePrinted) -> Row:
    return {
        "price": price(trade.price),
        "size": micro(trade.size),
        "outcome": trade.outcome.value,
        "side": trade.side.value,
        "at_ms": trade.heard_ms,
    }


def _last(decided: Decided) -> Row:
    gate = None if decided.gate is None else decided.gate.value
    return {"at_ms": decided.at_ms, "verdict": decided.verdict, "gate": gate}


def pair_row(pair: PairLedger, naked_since: Ms | None, naked_max: Ms) -> Row:
    """The pair ledger: legs, what is locked, what is at risk and since when."""
    return {
        "yes": micro(pair.held(Outcome.YES)),
        "no": micro(pair.held(Outcome.NO)),
        "yes_cost": micro(pair.cost(Outcome.YES)),
        "no_cost": micro(pair.cost(Outcome.NO)),
        "yes_avg": micro(pair.avg(Outcome.YES)),
        "no_avg": micro(pair.avg(Outcome.NO)),
        "spent": micro(pair.spent),
        "received": micro(pair.received),
        "locked": micro(pair.locked),
        "exposed": micro(pair.exposed),
        "exposed_outcome": None if pair.exposed_outcome is None else pair.exposed_outcome.value,
        "pair_cost": micro(pair.pair_cost),
        "worst_case": micro(pair.worst_case),
        "best_case": micro(pair.best_case),
        "naked_since_ms": naked_since,
        "naked_until_ms": None if naked_since is None else naked_since + naked_max,
    }


def pnl_row(desk: Desk, now: Ms) -> Row:
    """Realized by average cost, unrealized at what the shares would bring now."""
    pair, paid = desk.pair, desk.resolved_worth
    held_cost = pair.cost(Outcome.YES) + pair.cost(Outcome.NO)
    if paid is not None:
        worth, sure = paid, True
    else:
        excess, sure = excess_worth(desk, now)
        worth = Usdc(pair.locked + excess)
    unrealized = worth - held_cost
    return {
        "realized": micro(pair.realized),
        "unrealized": micro(unrealized),
        "total": micro(pair.realized + unrealized),
        "fees": micro(pair.fees),
        "sure": sure,
    }


def order_row(order: Order, ahead: Shares | None) -> Row:
    """One open order. ``ahead``: shares queued before it at its price, where the gateway knows."""
    place = order.place
    return {
        "key": place.key,
        "order_id": order.order_id,
        "outcome": place.outcome.value,
        "side": place.side.value,
        "price": price(place.price),
        "shares": micro(place.shares),
        "filled": micro(order.filled),
        "status": order.status.value,
        "kind": place.kind.value,
        "ahead": micro(ahead),
        "since_ms": order.since_ms,
    }


def decision_row(number: int, desk: Desk, decided: Decided) -> Row:
    """One line of the feed of decisions, with every gate it passed or failed."""
    asked = [desk.orders.get(key) for key in decided.intents]
    return {
        "n": number,
        "at_ms": decided.at_ms,
        "market_id": decided.market_id,
        "short": short_title(desk),
        "strategy": decided.strategy.value,
        "verdict": decided.verdict,
        "gate": None if decided.gate is None else decided.gate.value,
        "gates": [gate_row(check) for check in decided.gates],
        "intents": [intent_text(order) for order in asked if order is not None],
    }


def intent_text(order: Order) -> str:
    """An order in a few words: ``buy YES 38.5 at 0.47``."""
    return place_text(order.place)


def place_text(place: Place) -> str:
    """What is asked for, in the same words."""
    return f"{place.side.value} {place.outcome.value.upper()} {micro(place.shares)} at {price(place.price)}"


def fill_row(number: int, desk: Desk, order: Order, fill: FillSeen) -> Row:
    """One fill, its price derived from what changed hands."""
    return {
        "n": number,
        "at_ms": fill.heard_ms,
        "market_id": desk.listing.market_id,
        "short": short_title(desk),
        "outcome": order.place.outcome.value,
        "side": order.place.side.value,
        "price": micro(fill.amount * 1_000_000 // fill.shares) if fill.shares else None,
        "shares": micro(fill.shares),
        "amount": micro(fill.amount),
        "fee": micro(fill.fee),
        "evidence": fill.evidence.value,
        "liquidity": "taker" if fill.fee or order.place.kind.value == "take" else "maker",
    }


def match_row(match: MatchRow, signal: MatchSignal | None) -> Row:
    """A match as last heard. ``status`` is one source's word, not confirmed truth."""
    heard = signal is not None
    return {
        "match_id": match.match_id,
        "title": match.title,
        "game": match.game,
        "teams": list(match.teams),
        "best_of": match.best_of,
        "map_number": signal.map_number if signal is not None else None,
        "maps": list(signal.maps) if signal is not None else None,
        "score": list(signal.score) if signal is not None else None,
        "lead": signal.lead if signal is not None else None,
        "clock_ms": signal.clock_ms if signal is not None else None,
        "status": (STATUS.get(signal.kind, "live") if signal is not None else "expected"),
        "heard_ms": signal.heard_ms if signal is not None else None,
        "said_ms": signal.said_ms if signal is not None else None,
        "source": signal.source if heard and signal is not None else None,
    }


def feed_row(
    name: str, *, kind: str, status: str, heard_ms: Ms | None, since_ms: Ms, detail: str, reconnects: int
) -> Row:
    return {
        "name": name,
        "kind": kind,
        "status": status,
        "heard_ms": heard_ms,
        "since_ms": since_ms,
        "detail": detail,
        "reconnects": reconnects,
    }


def market_key(market_id: MarketId) -> str:
    return f"market:{market_id}"
