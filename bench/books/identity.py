"""Judges a stack's books from outside: ``python -m bench.books.identity`` in the stack's environment.

Prints how far the sums are apart: cash and inventory at cost, profit by market, by strategy and by day.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402 settings first

from core import pnl as sums  # noqa: E402
from infra.reading import one_reading  # noqa: E402
from trading import pnl, selectors  # noqa: E402


def main() -> None:
    account = selectors.account_of(**settings.POLYLOLY.account)
    if account is None:
        sys.exit("no account: nothing was traded")
    sys.stdout.write(json.dumps(found(account.pk)) + "\n")


def found(account_id: int) -> dict[str, Any]:
    """How far each sum is from the one it must equal, micro USDC, and how much there was to sum."""
    with one_reading():
        return _found(account_id)


def _found(account_id: int) -> dict[str, Any]:
    said = pnl.report(account_id)
    total = said.total.realized
    by_market = sums.by(said.holdings, lambda holding: holding.market_id)
    by_strategy = sums.by(said.holdings, lambda holding: holding.strategy)
    return {
        "identity": int(said.identity.gap),
        "cash": int(said.identity.cash - selectors.entries_sum(account_id)),
        "by market": int(sum(each.realized for each in by_market.values()) - total),
        "by strategy": int(sum(each.realized for each in by_strategy.values()) - total),
        "by day": int(sum(day.realized for day in said.days) - total),
        "entries": selectors.entries(account_id).count(),
        "fills": selectors.fills(account_id).count(),
        "markets": len(by_market),
        "realized": int(total),
        "inventory": int(said.identity.inventory),
        "deposited": int(said.identity.deposited),
        "cash_is": int(said.identity.cash),
        "books": {market_id: _book(holdings) for market_id, holdings in _by_market(said.holdings).items()},
    }


def _by_market(holdings: Iterable[sums.Holding]) -> dict[str, list[sums.Holding]]:
    found: dict[str, list[sums.Holding]] = {}
    for holding in holdings:
        found.setdefault(holding.market_id, []).append(holding)
    return found


def _book(holdings: Sequence[sums.Holding]) -> dict[str, int | None]:
    """One market's figures. Cost is averaged by strategy: of a market that two of them held nobody else can know it."""
    cost = sum(holding.cost for holding in holdings)
    realized = sum(holding.profit.realized for holding in holdings)
    return {
        "yes": sum(holding.yes for holding in holdings),
        "no": sum(holding.no for holding in holdings),
        "flow": realized - cost,
        "fees": sum(holding.profit.fees for holding in holdings),
        "cost": cost if len(holdings) == 1 else None,
    }


if __name__ == "__main__":
    main()
