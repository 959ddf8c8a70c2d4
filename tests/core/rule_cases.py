"""Every rule of the judge: an intent that just passes, and what makes it just fail."""

from dataclasses import dataclass, field
from typing import Any, Final

from core.answers import WindowMode
from core.ids import IntentKey
from core.intents import Place
from core.risk import Rule
from core.trading import LEGAL, State
from core.units import Shares, price, shares, usdc
from core.windows import Window
from tests.builders import NO, SELL, T0, a_place, a_take, at

REDUCES: Final[dict[str, Any]] = {"ahead": Shares(-shares("50")), "worst_case_after": usdc("10")}

POST_ONLY: Final = Window(WindowMode.POST_ONLY, T0, at(90_000), "after a restart")


@dataclass(frozen=True)
class Case:
    """An intent that just passes and what makes it just fail. ``says`` is the detail, word for word."""

    rule: Rule
    says: str
    passes: dict[str, Any] = field(default_factory=dict)
    fails: dict[str, Any] = field(default_factory=dict)
    intent: Place = field(default_factory=a_place)
    refused_intent: Place | None = None
    value: int | str = ""
    limit: int | str = ""


CASES: Final[list[Case]] = [
    Case(
        Rule.HALTED,
        "all trading is halted: manual_halt; orders need no halt in force",
        fails={"halted": "manual_halt"},
        value="manual_halt",
        limit="no halt in force",
    ),
    Case(
        Rule.MARKET_HALTED,
        "this market is halted: looks wrong; orders need no halt in force",
        fails={"market_halted": "looks wrong"},
        value="looks wrong",
        limit="no halt in force",
    ),
    Case(
        Rule.BREAKER_OPEN,
        "the breaker is open for another 7 s: no answer; it must be closed",
        fails={"breaker": "the breaker is open for another 7 s: no answer"},
        value="the breaker is open for another 7 s: no answer",
        limit="closed",
    ),
    Case(
        Rule.VENUE_RESTARTING,
        "the venue is restarting for another 5 s (Too Early) and takes no quote; it must be open",
        fails={"window": Window(WindowMode.RESTARTING, T0, at(5_000), "Too Early")},
        value="restarting",
        limit="open",
    ),
    Case(
        Rule.VENUE_POST_ONLY,
        "the venue is post_only for another 90 s (after a restart) and takes no take; it must be open",
        intent=a_take("0.52", "50", outcome=NO),
        passes=REDUCES,
        fails={**REDUCES, "window": POST_ONLY},
        value="post_only",
        limit="open",
    ),
    *(
        Case(
            Rule.VENUE_CLOSED,
            f"the venue is {mode} for another 5 s (no orders) and takes no quote; it must be open",
            passes={"window": POST_ONLY},
            fails={"window": Window(mode, T0, at(5_000), "no orders")},
            value=mode.value,
            limit="open",
        )
        for mode in (WindowMode.CANCEL_ONLY, WindowMode.OFF)
    ),
    Case(
        Rule.STATE,
        "quote is not legal in this market's state, only complete, merge, temporal_buy",
        fails={"legal": LEGAL[State.FINALIZING]},
        value="quote",
        limit="complete, merge, temporal_buy",
    ),
    Case(
        Rule.NOT_TRUSTED,
        "the book is torn, not trusted",
        fails={"trusted": False, "trust": "torn"},
        value="torn",
        limit="trusted",
    ),
    Case(
        Rule.MIRROR,
        "the mirror of the top price is broken, not whole",
        fails={"mirror_holds": False},
        value="broken",
        limit="whole",
    ),
    Case(
        Rule.MIRROR,
        "the mirror of the top price is unknown, not whole",
        fails={"mirror_holds": None},
        value="unknown",
        limit="whole",
    ),
    Case(
        Rule.FEE_UNKNOWN,
        "the venue's fee for this market is unknown, it must be stated",
        fails={"fee_known": False},
        value="unknown",
        limit="stated",
    ),
    Case(
        Rule.UNKNOWN_OPEN,
        "an order in this market is UNKNOWN, none may be",
        fails={"any_unknown": True},
        value="an order",
        limit="none",
    ),
    Case(
        Rule.TICK,
        "price 0.485 is off the grid of 0.01",
        refused_intent=a_place("0.485"),
        value=price("0.485"),
        limit=price("0.01"),
    ),
    Case(
        Rule.TICK,
        "price 1 is off the grid of 0.01",
        intent=a_place("0.99", "20"),
        passes={"top": None},
        refused_intent=a_place("1", "20"),
        fails={"top": None},
        value=price("1"),
        limit=price("0.01"),
    ),
    Case(
        Rule.MIN_SIZE,
        "19.99 shares, minimum 20 in steps of 0.01",
        intent=a_place(size="20"),
        passes={"min_size": shares("20")},
        refused_intent=a_place(size="19.99"),
        fails={"min_size": shares("20")},
        value=shares("19.99"),
        limit=shares("20"),
    ),
    Case(
        Rule.MIN_SIZE,
        "20.001 shares, minimum 5 in steps of 0.01",
        refused_intent=a_place(size="20.001"),
        value=shares("20.001"),
        limit=shares("5"),
    ),
    Case(
        Rule.CROSSES,
        "post-only at 0.48 against 0.48",
        passes={"top": price("0.49")},
        fails={"top": price("0.48")},
        value=price("0.48"),
        limit=price("0.48"),
    ),
    Case(
        Rule.SLIPPAGE,
        "limit 0.54 lies beyond 0.53",
        intent=a_take("0.53"),
        passes=REDUCES,
        refused_intent=a_take("0.54"),
        fails=REDUCES,
        value=price("0.54"),
        limit=price("0.53"),
    ),
    Case(
        Rule.SLIPPAGE,
        "limit 0.46 lies beyond 0.47",
        intent=a_take("0.47", side=SELL),
        passes={"top": price("0.48"), "held": shares("50")},
        refused_intent=a_take("0.46", side=SELL),
        fails={"top": price("0.48"), "held": shares("50")},
        value=price("0.46"),
        limit=price("0.47"),
    ),
    Case(
        Rule.SLIPPAGE,
        "limit 0.805 lies beyond 0.804",
        intent=a_take("0.804"),
        passes={"top": price("0.8"), "tick": price("0.001"), **REDUCES},
        refused_intent=a_take("0.805"),
        fails={"top": price("0.8"), "tick": price("0.001"), **REDUCES},
        value=price("0.805"),
        limit=price("0.804"),
    ),
    Case(
        Rule.SLIPPAGE,
        "nothing to take on that side at 0.52, there must be a price",
        intent=a_take("0.52"),
        passes=REDUCES,
        fails={"top": None, **REDUCES},
        value=price("0.52"),
        limit="a price",
    ),
    Case(
        Rule.MIN_VALUE,
        "worth 0.999, a marketable order needs 1 USDC",
        intent=a_take("0.1", "10", side=SELL),
        passes={"top": price("0.1"), "held": shares("50")},
        refused_intent=a_take("0.1", "9.99", side=SELL),
        fails={"top": price("0.1"), "held": shares("50")},
        value=usdc("0.999"),
        limit=usdc("1"),
    ),
    Case(
        Rule.OWN_CROSS,
        "could match our own order paper:main|0xmarket|pair_arb|7, there must be none",
        fails={"own_match": IntentKey("paper:main|0xmarket|pair_arb|7")},
        value="paper:main|0xmarket|pair_arb|7",
        limit="none",
    ),
    Case(
        Rule.ORDER_RATE,
        "5 orders in the last second of 5",
        passes={"orders_last_s": 4},
        fails={"orders_last_s": 5},
        value=5,
        limit=5,
    ),
    Case(
        Rule.OPEN_ORDERS,
        "5 orders open of 5",
        passes={"open_orders": 4},
        fails={"open_orders": 5},
        value=5,
        limit=5,
    ),
    Case(
        Rule.BALANCE,
        "costs 24 of 23.999999 USDC free",
        passes={"cash": usdc("24")},
        fails={"cash": usdc("23.999999")},
        value=usdc("24"),
        limit=usdc("23.999999"),
    ),
    Case(
        Rule.BALANCE,
        "costs 27.25 of 27.249999 USDC free",
        intent=a_take("0.52", outcome=NO),
        passes={**REDUCES, "fee": usdc("1.25"), "cash": usdc("27.25")},
        fails={**REDUCES, "fee": usdc("1.25"), "cash": usdc("27.249999")},
        value=usdc("27.25"),
        limit=usdc("27.249999"),
    ),
    Case(
        Rule.NOT_HELD,
        "sells 50 of 49.99 shares held",
        intent=a_take("0.52", side=SELL),
        passes={"held": shares("50")},
        fails={"held": shares("49.99")},
        value=shares("50"),
        limit=shares("49.99"),
    ),
    Case(
        Rule.NOT_REDUCING,
        "50 shares for a leg 25 behind, own bids filled",
        intent=a_take("0.52", "50", outcome=NO),
        passes={**REDUCES, "ahead": Shares(-shares("25.01"))},
        fails={**REDUCES, "ahead": Shares(-shares("25"))},
        value=shares("50"),
        limit=shares("25"),
    ),
    Case(
        Rule.WORST_CASE,
        "worst case would go from -1 to -1 USDC",
        intent=a_take("0.52", outcome=NO),
        passes={**REDUCES, "worst_case_now": -usdc("1"), "worst_case_after": -usdc("0.999999")},
        fails={**REDUCES, "worst_case_now": -usdc("1"), "worst_case_after": -usdc("1")},
        value=-usdc("1"),
        limit=-usdc("1"),
    ),
    Case(
        Rule.DAILY_LOSS,
        "lost 200 of 200 USDC today",
        passes={"lost_today": usdc("199.999999")},
        fails={"lost_today": usdc("200")},
        value=usdc("200"),
        limit=usdc("200"),
    ),
    Case(
        Rule.ORDER_SIZE,
        "worth 4.992, at least 5 USDC",
        intent=a_place(size="10.42"),
        refused_intent=a_place(size="10.4"),
        value=usdc("4.992"),
        limit=usdc("5"),
    ),
    Case(
        Rule.PAIR_CEILING,
        "0.48 and our own bid of 0.51 make a pair of 0.99, ceiling 0.985",
        passes={"other_bid": price("0.50")},
        fails={"other_bid": price("0.51")},
        value=price("0.99"),
        limit=price("0.985"),
    ),
    Case(
        Rule.IMBALANCE,
        "leg would be 50.01 shares ahead of 50",
        intent=a_place(size="20"),
        passes={"ahead": shares("30")},
        fails={"ahead": shares("30.01")},
        refused_intent=a_place(size="20"),
        value=shares("50.01"),
        limit=shares("50"),
    ),
    Case(
        Rule.IMBALANCE,
        "leg would be 100.000001 USDC ahead of 100",
        passes={"ahead_cost": usdc("76")},
        fails={"ahead_cost": usdc("76.000001")},
        value=usdc("100.000001"),
        limit=usdc("100"),
    ),
    Case(
        Rule.POSITION,
        "would risk 1500.000001 of 1500 USDC in this market",
        passes={"at_risk": usdc("1476")},
        fails={"at_risk": usdc("1476.000001")},
        value=usdc("1500.000001"),
        limit=usdc("1500"),
    ),
    Case(
        Rule.TOTAL_EXPOSURE,
        "would risk 5000.000001 of 5000 USDC in all",
        passes={"at_risk_total": usdc("4976")},
        fails={"at_risk_total": usdc("4976.000001")},
        value=usdc("5000.000001"),
        limit=usdc("5000"),
    ),
]
