"""What the judge must know about one intent's market and about the account."""

from dataclasses import dataclass

from core.ids import GroupId, IntentKey
from core.trading import Action
from core.units import Ms, Price, Shares, Usdc
from core.windows import Window


@dataclass(frozen=True, slots=True)
class Exposure:
    """What is true at the moment of judging, for one intent's market and for the account.

    Units:
        top:        the price the order would meet in its own outcome: best ask for a buy, best bid for a
                    sell; ``None`` when that side is empty.
        fee:        the most the venue may charge for it, in USDC; 0 for a quote, and where the fee is unknown.
        held:       shares of the intent's outcome that may be sold: confirmed ones that no merge has reserved
                    and no open sale offers.
        ahead:      shares by which the intent's outcome is ahead (negative: behind), own open bids for it filled
                    and the other leg counted as far as it is confirmed.
        ahead_cost: what those shares cost, in USDC.
        surplus:    shares of the intent's outcome that no share of the other one pairs with, however own orders and
                    unsure fills end; negative where it is behind. A sale of more would open the other leg.
        at_risk, at_risk_group, at_risk_total: what can be lost in this market, in its group and in all, own open bids
                    filled.
        cash:       free to spend, open bids already taken out.
        worst_case_now, worst_case_after: of the pair ledger, before and after a full fill of a buy, fee in.
        other_bid:  the highest own open bid for the other outcome; ``None`` when there is none.
        ceiling:    what a pair may cost, fees in.
        own_match:  the own open order this one could match, if any.
        breaker:    why this market's breaker lets nothing through now; ``None`` when it does.
        window:     in which the venue takes no orders, or only some; ``None`` while it takes all.
        orders_last_s: orders approved in the last 1,000 ms, whole account.
        quote_bar:  why no quote may be opened now, and what would have to be; ``None`` when one may.
        feed_lost:  why the stream that carries this market is gone; ``None`` while it is there.
        clock_off_ms: how far our clock seems off the venue's (``core.skew``); ``None`` when nothing tells.
        mid_range:  how far the mid moved lately (``core.volatility``); ``None`` when none was seen.
    """

    halted: str | None
    market_halted: str | None
    breaker: str | None
    window: Window | None
    legal: frozenset[Action]
    quote_bar: tuple[str, str] | None
    feed_lost: str | None
    clock_off_ms: Ms | None
    trusted: bool
    trust: str
    mirror_holds: bool | None
    fee_known: bool
    any_unknown: bool
    tick: Price
    min_size: Shares
    top: Price | None
    fee: Usdc
    held: Shares
    ahead: Shares
    ahead_cost: Usdc
    surplus: Shares
    at_risk: Usdc
    at_risk_group: Usdc
    at_risk_total: Usdc
    lost_today: Usdc
    cash: Usdc
    worst_case_now: Usdc
    worst_case_after: Usdc
    open_orders: int
    orders_last_s: int
    own_match: IntentKey | None
    other_bid: Price | None
    ceiling: Price
    group: GroupId
    mid_range: Price | None
