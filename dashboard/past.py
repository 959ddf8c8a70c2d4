"""What the database remembers of a market, in the rows of the board: the trader forgets it when it restarts."""

from collections.abc import Iterable
from typing import Final, Protocol

from django.db.models import Sum

from core.units import Shares, text
from trading import selectors as trading

FILLS_MAX: Final = 200
DECISIONS_MAX: Final = 40

Row = dict[str, object]


class Ordered(Protocol):
    """The part of an order that its words are made of."""

    side: str
    outcome: str
    shares: int
    price: int


def account_in_use() -> int | None:
    """What is traded with now, ``None`` before its first start."""
    account = trading.account_in_use()
    return None if account is None else account.pk


def fills(account_id: int, market_id: str) -> list[Row]:
    """The newest fills, newest first. ``n`` is negative: it orders them before what the board has."""
    return [
        {
            "n": fill.pk - 10**12,
            "at_ms": fill.heard_ms,
            "market_id": market_id,
            "short": "",
            "outcome": fill.outcome,
            "side": fill.side,
            "price": fill.price,
            "shares": text(fill.shares, 6),
            "amount": text(fill.amount, 6),
            "fee": text(fill.fee, 6),
            "evidence": fill.evidence,
            "liquidity": "taker" if fill.fee or fill.order.kind == "take" else "maker",
        }
        for fill in trading.fills(account_id).filter(market_id=market_id)[:FILLS_MAX]
    ]


def taken_back(keys: Iterable[str]) -> dict[str, Shares]:
    """Shares of fills that failed on the chain, by the key of their order: it did not trade them after all."""
    failed = trading.reversed_fills().filter(order_id__in=list(keys)).order_by("order_id")
    return dict(failed.values_list("order_id").annotate(Sum("shares")))


def decisions(account_id: int, market_id: str) -> list[Row]:
    """The newest decisions that are still kept, with the orders that came of them in words."""
    rows = list(trading.decisions(account_id).filter(market_id=market_id)[:DECISIONS_MAX])
    orders = in_words(account_id, (key for row in rows for key in row.intents))
    return [
        {
            "n": row.pk - 10**12,
            "at_ms": row.at_ms,
            "market_id": market_id,
            "short": "",
            "strategy": row.strategy,
            "verdict": row.verdict,
            "gate": row.gate,
            "gates": row.gates,
            "intents": [orders[key] for key in row.intents if key in orders],
        }
        for row in rows
    ]


def in_words(account_id: int, keys: Iterable[str]) -> dict[str, str]:
    """Orders by key as the board says them: "buy YES 38.5 at 0.47"."""
    found = trading.orders(account_id).filter(key__in=set(keys))
    return {order.key: words(order) for order in found}


def words(order: Ordered) -> str:
    return f"{order.side} {order.outcome.upper()} {text(order.shares, 6)} at {text(order.price, 4)}"
