"""The page and the code state the same assumptions, and the page's worked example is true."""

import re
from pathlib import Path

import pytest

from core import paper, paper_market
from core.events import BookChanged, TradePrinted
from core.ids import OrderId
from core.paper_market import PaperMarket, PaperOrder
from core.units import Ms, price, shares
from tests.core.accounts import BUY, NO, T0, a_book, a_change, a_listing, a_place, a_print

PAGE = Path(__file__).parents[2] / "docs" / "paper-matching.md"


def assumptions(text: str) -> list[str]:
    """The numbered items, one line each, without code marks."""
    items = re.findall(r"^\d+\. (.*(?:\n   .*)*)", text, flags=re.MULTILINE)
    return [re.sub(r"\s+", " ", item.replace("`", "")).strip() for item in items]


@pytest.mark.parametrize("docstring", [paper.__doc__, paper_market.__doc__])
def test_every_assumption_of_the_code_is_on_the_page(docstring: str) -> None:
    stated = assumptions(docstring)

    assert len(stated) >= 6
    page = assumptions(PAGE.read_text())
    assert [item for item in stated if item not in page] == []


def test_the_page_assumes_nothing_the_code_does_not_say() -> None:
    said = assumptions(str(paper.__doc__)) + assumptions(str(paper_market.__doc__))

    assert sorted(assumptions(PAGE.read_text())) == sorted(said)


def test_the_order_followed_on_the_page_fares_as_the_page_says() -> None:
    market = PaperMarket(a_listing())
    market.changed(a_book("0.48x100 0.47x50", "0.52x100"), T0)
    order = PaperOrder(a_place(at="0.48", size="20"), OrderId("id"))
    market.join(order)
    heard: list[tuple[int, TradePrinted | BookChanged]] = [
        (0, a_print("0.48", "60")),
        (0, a_change("0.48x40")),
        (2_000, a_change("0.48x90")),
        (4_000, a_change("0.48x25")),
        (4_100, a_print("0.52", "12", taker=BUY, outcome=NO)),
        (9_000, a_change("0.48x0", "0.48x15")),
        (9_100, a_print("0.47", "30")),
    ]

    rows = []
    for after, event in heard:
        if isinstance(event, TradePrinted):
            market.printed(event, Ms(T0 + after))
        else:
            market.changed(event, Ms(T0 + after))
        displayed = market.book.size_at(is_bid=True, price=price("0.48"))
        rows.append((displayed, order.queue, order.filled))

    page = [("100", "40", "0"), ("40", "40", "0"), ("90", "40", "0"), ("25", "25", "0")]
    page += [("25", "25", "0"), ("0", "0", "15"), ("0", "0", "20")]
    assert rows == [tuple(shares(cell) for cell in row) for row in page]
