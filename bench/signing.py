"""What signing an order costs: ours beside both of the venue's clients, on the same orders in the same run."""

import json
from collections.abc import Callable
from decimal import Decimal
from itertools import chain
from typing import Any, Final

from polymarket._internal.actions.orders.limit import _compute_limit_order_amounts
from pydantic import SecretStr

from bench import signers, timing
from bench.timing import Spread, spread, timed
from core.ids import IntentKey, MarketId, Outcome, Side, Strategy, TokenId
from core.intents import OrderKind, Place, Purpose
from core.units import ONE, SHARE, SHARE_STEP, Ms, Price, Shares
from trading.gateways.polymarket.signing import OrderTerms, Signer, Unsigned

# The first key of every development chain in the world: it signs nothing that is worth anything.
KEY: Final = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
WALLET: Final = "0x2e234DAe75C793f67A35089C9d99245E1C58470b"
OWNER: Final = "0b4cbc8c-9f6e-4b9f-8a4e-1a1e0d2a3c4d"
MARKET: Final = MarketId("0x" + "ab" * 32)
TERMS: Final = OrderTerms(
    TokenId("107505882767731489358349912513945399560393482969656700824895970500493757150417"),
    Price(100),
    neg_risk=False,
    version="v1",
)
ORDERS: Final = 2_000
ORDERS_OF_OTHERS: Final = 400
ROUNDS: Final = 3
P50_US_MAX: Final = 250.0
P99_US_MAX: Final = 1_000.0


def places(count: int) -> list[Place]:
    """As many different orders."""
    return [
        Place(
            key=IntentKey(f"bench|{MARKET}|{Strategy.PAIR_ARB}|{number}"),
            market_id=MARKET,
            strategy=Strategy.PAIR_ARB,
            outcome=Outcome.YES,
            side=Side.BUY if number % 2 else Side.SELL,
            price=Price(100 * (number % 98 + 1)),
            shares=Shares(5 * SHARE + number * SHARE_STEP),
            kind=OrderKind.QUOTE,
            purpose=Purpose.OPENING,
            decided_ms=Ms(number),
        )
        for number in range(count)
    ]


def a_signer() -> Signer:
    """Of a deposit wallet: the longest of all signatures."""
    return Signer(SecretStr(KEY), wallet=WALLET, signature_type=3)


def ours() -> Callable[[Place], object]:
    """An intent to the bytes of its POST."""
    signer = a_signer()

    def act(place: Place) -> object:
        return signer.sign(signer.draft(place, TERMS, Ms(1_764_000_000_000)), OWNER, post_only=True)

    return act


def newer() -> Callable[[Unsigned], object]:
    """``polymarket-client``: amounts by its decimals, typed data, signature, body. Its look-ups are left out."""
    account = signers.sdk_account(KEY)

    def act(unsigned: Unsigned) -> object:
        shares, money = unsigned.taker_amount, unsigned.maker_amount
        if unsigned.side is Side.SELL:
            shares, money = money, shares
        _compute_limit_order_amounts(
            price=Decimal(money) / shares,
            size=Decimal(shares) / SHARE,
            side="BUY" if unsigned.side is Side.BUY else "SELL",
            tick_size=Decimal(TERMS.tick) / ONE,
        )
        return signers.sdk_body(unsigned, account, OWNER, post_only=True)

    return act


def older() -> Callable[[Unsigned], object]:
    """``py-clob-client-v2``: typed data, signature, body."""

    def act(unsigned: Unsigned) -> object:
        return json.dumps(signers.older_body(unsigned, KEY, OWNER, post_only=True))

    return act


def measured() -> dict[str, Spread]:
    """The three of them take turns, so that drift meets all. Every call counts, the disturbed ones too."""
    wanted = places(ORDERS)
    signer = a_signer()
    drafts = [signer.draft(place, TERMS, Ms(1_764_000_000_000)) for place in wanted[:ORDERS_OF_OTHERS]]
    own, sdk, v2 = ours(), newer(), older()
    for draft in drafts[:20]:
        sdk(draft)
        v2(draft)
    spent: dict[str, list[list[int]]] = {"ours": [], "polymarket_client": [], "py_clob_client_v2": []}
    for _ in range(ROUNDS):
        spent["ours"].append(timed(own, wanted))
        spent["polymarket_client"].append(timed(sdk, drafts))
        spent["py_clob_client_v2"].append(timed(v2, drafts))
    return {name: spread(list(chain(*rounds))) for name, rounds in spent.items()}


def results() -> dict[str, Any]:
    """Rows, and how often ours fits into theirs."""
    rows = measured()
    mine = rows["ours"]
    return {
        **{name: timing.as_row(row) for name, row in rows.items()},
        "times_faster_than": {
            name: round(row.p50_us / mine.p50_us, 1) for name, row in rows.items() if name != "ours"
        },
    }


def told(found: dict[str, Any]) -> str:
    """The rows for people, with the bars."""
    lines = [
        f"  {name:18} mean {found[name]['mean_us']:8.2f}  p50 {found[name]['p50_us']:8.2f}"
        f"  p99 {found[name]['p99_us']:8.2f} us\n"
        for name in ("ours", "polymarket_client", "py_clob_client_v2")
    ]
    faster = ", ".join(f"{times} times {name}" for name, times in found["times_faster_than"].items())
    bar = f"  ours: p50 at most {P50_US_MAX:.0f} us, p99 at most {P99_US_MAX:.0f} us; as fast as {faster}\n"
    return "build and sign an order of a deposit wallet\n" + "".join(lines) + bar
