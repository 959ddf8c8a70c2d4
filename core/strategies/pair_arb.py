"""Pair arbitrage: buy both outcomes below one dollar, at different times (trading.md 6).

Read ``propose`` first: permission, then the naked leg, then completion, then quotes. Everything is a
wish; the judge decides. YES and NO are one mirrored book, so nothing here ever looks for two asks that
sum below one: the edge is the spread we are paid to wait for.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from core.book import Trust
from core.events import MarketKind, Verdict
from core.ids import Outcome, Side
from core.intents import OrderKind, Purpose
from core.strategies.legs import WaysOut, average, buy_limit, sell_limit, ways_out
from core.strategies.view import Gate, GateCheck, Proposal, Unit, View, Wanted, said
from core.trading import Action
from core.units import ONE, Ms, Price, Shares, Usdc, cost, floor_to

NOTHING: Final = Shares(0)
DEPTH_LEVELS: Final = 3  # levels a side that count as liquidity


@dataclass(frozen=True, slots=True)
class Params:
    """Defaults and meaning: trading.md 6.

    Units:
        pair_cost_cap, min_edge, near_certain: Price.
        step:          USDC a quote spends.
        max_total_cost, max_leg_loss, min_liquidity: USDC.
        imbalance_shares, rebalance_shares, merge_min: shares.
        naked_leg_max_ms, start_quiet_ms: ms.
    """

    pair_cost_cap: Price
    min_edge: Price
    near_certain: Price
    step: Usdc
    max_total_cost: Usdc
    max_leg_loss: Usdc
    min_liquidity: Usdc
    imbalance_shares: Shares
    rebalance_shares: Shares
    merge_min: Shares
    naked_leg_max_ms: Ms
    start_quiet_ms: Ms
    quote_in_play: bool

    @property
    def ceiling(self) -> Price:
        """What a pair may cost, fees included."""
        return min(self.pair_cost_cap, Price(ONE - self.min_edge))


def propose(view: View, params: Params) -> Proposal:
    """Say what to have in this market now, and by which gates."""
    merge = _mergeable(view, params)
    gates = permission(view)
    if not gates[-1].passed:
        # A mirror that breaks for a moment forbids new orders; what rests was placed on a whole book and stays.
        verdict: Verdict = "hold" if gates[-1].gate is Gate.MIRROR else "no"
        return Proposal(verdict, gates, (), merge)
    ahead = leg_ahead(view)
    if ahead is not None:
        checks, take = _leg(view, params, ahead)
        gates += checks
        if take is not None:
            return Proposal("take", gates, (take,), merge)
    quoting, quotes = _quotes(view, params, ahead)
    return Proposal("quote" if quotes else "no", gates + quoting, quotes, merge)


def leg_ahead(view: View) -> Outcome | None:
    """The outcome we hold too much of. Less than the venue's minimum order is dust and no leg."""
    return view.pair.exposed_outcome if view.pair.exposed >= view.listing.min_size else None


def permission(view: View) -> tuple[GateCheck, ...]:
    """Gates that bind every order, in order, up to the first that fails."""
    legal = Action.COMPLETE in view.legal and view.halted is None
    checks = [said(Gate.TRADING, view.halted or "running", passed=legal)]
    if legal:
        trust = view.book.trust
        checks.append(said(Gate.BOOK, trust.value, passed=trust is Trust.TRUSTED))
    if checks[-1].passed and len(checks) == 2:
        mirror = view.book.mirror_holds()
        word = {True: "holds", False: "broken", None: "unknown"}[mirror]
        checks.append(said(Gate.MIRROR, word, passed=mirror is True))
    if checks[-1].passed and len(checks) == 3:
        known = view.listing.fees is not None
        checks.append(said(Gate.FEES, "known" if known else "unknown", passed=known))
    if checks[-1].passed and len(checks) == 4:
        clear = not view.orders.any_unknown
        checks.append(said(Gate.UNKNOWN, "none" if clear else "an order is UNKNOWN", passed=clear))
    return tuple(checks)


def _mergeable(view: View, params: Params) -> Shares:
    """Merge a good batch, or whatever there is when the market's budget is nearly used up."""
    if Action.MERGE not in view.legal:
        return NOTHING
    ready = floor_to(view.pair.mergeable)
    short_of_capital = invested(view) * 5 >= params.max_total_cost * 4
    if ready >= params.merge_min or (short_of_capital and ready >= view.listing.min_size):
        return ready
    return NOTHING


def invested(view: View) -> Usdc:
    """What the shares now held have cost."""
    return Usdc(view.pair.cost(Outcome.YES) + view.pair.cost(Outcome.NO))


def _leg(view: View, params: Params, ahead: Outcome) -> tuple[tuple[GateCheck, ...], Wanted | None]:
    """Resolve a leg that waited too long or would lose too much; else complete it if that is cheap now."""
    ways = ways_out(view, ahead)
    since = view.mood.naked_since_ms
    open_ms = Ms(view.now - since) if since is not None else Ms(0)
    in_time = open_ms < params.naked_leg_max_ms
    bearable = ways.complete is None or ways.complete <= params.max_leg_loss
    word = "loss if completed" if ways.complete is not None else "the book is too thin to complete"
    leg = (
        GateCheck(Gate.LEG, in_time, Unit.MS, open_ms, params.naked_leg_max_ms, "time open"),
        GateCheck(Gate.LEG, bearable, Unit.USDC, ways.complete, params.max_leg_loss, word),
    )
    if in_time and bearable:
        check, take = _cheap(view, params, ways)
        return (*leg, check), take
    take = _cheapest(view, params, ways)
    sold = "loss if sold at the bid" if ways.sell is not None else "the book is too thin to sell"
    chosen = "not settled yet" if not ways.settled else "no way out now"
    if take is not None:
        chosen = "complete" if take.side is Side.BUY else "sell"
    priced = (
        GateCheck(Gate.LEG, ways.sell is not None, Unit.USDC, ways.sell, None, sold),
        said(Gate.LEG, "hold: no model probability", passed=False),
        said(Gate.LEG, f"chosen: {chosen}", passed=take is not None),
    )
    return (*leg, *priced), take


def _cheap(view: View, params: Params, ways: WaysOut) -> tuple[GateCheck, Wanted | None]:
    """Take the lagging leg where the pair then earns its edge, and all pairs of this market theirs."""
    edge = ONE - params.ceiling
    allowed = Usdc(ways.size * edge // ONE)
    worst_free, _ = view.pair.after_buy(ways.ahead.other, ways.size, Usdc(0))
    pairs = max(view.pair.held(Outcome.YES), view.pair.held(Outcome.NO))
    # What may be spent: for this leg alone, and with whatever was lost or gained here before.
    most = min(Usdc(ways.size - allowed - ways.cost), Usdc(worst_free - -(-pairs * edge // ONE)))
    spend = None if ways.complete is None else Usdc(ways.complete + ways.size - ways.cost)
    limit = None
    if ways.settled and spend is not None and spend <= most:
        limit = buy_limit(view, ways, most)
    word = "too dear to take" if ways.settled else "not settled yet"
    gain = None if ways.complete is None else Usdc(-ways.complete)
    check = GateCheck(
        gate=Gate.COMPLETE,
        passed=True,  # completing is an offer, not a condition: quotes go on without it
        unit=Unit.USDC,
        value=gain,
        limit=allowed,
        word=word if limit is None else "gain if completed",
    )
    return check, None if limit is None else _take(ways, ways.ahead.other, Side.BUY, limit)


def _cheapest(view: View, params: Params, ways: WaysOut) -> Wanted | None:
    """Complete within the loss we bear, or sell, whichever loses less. Neither possible: wait for the book."""
    if not ways.settled:
        return None
    complete = sell = None
    if ways.complete is not None and ways.complete <= params.max_leg_loss:
        complete = buy_limit(view, ways, Usdc(ways.size + params.max_leg_loss - ways.cost))
    if ways.sell is not None:
        sell = sell_limit(view, ways)
    if complete is not None and (sell is None or (ways.complete or 0) <= (ways.sell or 0)):
        return _take(ways, ways.ahead.other, Side.BUY, complete)
    return None if sell is None else _take(ways, ways.ahead, Side.SELL, sell)


def _take(ways: WaysOut, outcome: Outcome, side: Side, limit: Price) -> Wanted:
    return Wanted(outcome, side, limit, ways.size, OrderKind.TAKE, Purpose.REDUCING)


def _quotes(
    view: View, params: Params, ahead: Outcome | None
) -> tuple[tuple[GateCheck, ...], tuple[Wanted, ...]]:
    """Bids on both outcomes, as far as the gates that bind quoting let them stand."""
    gates = [*_when(view, params)]
    if not gates[-1].passed:
        return tuple(gates), ()
    bids = {outcome: best_bid_to_join(view, outcome) for outcome in Outcome}
    depth = min(_depth(view.book.bids(DEPTH_LEVELS)), _depth(view.book.asks(DEPTH_LEVELS)))
    deep = depth >= params.min_liquidity
    gates.append(GateCheck(Gate.LIQUIDITY, deep, Unit.USDC, depth, params.min_liquidity, "thinner side"))
    if not deep:
        return tuple(gates), ()
    spent = invested(view)
    room = spent < params.max_total_cost
    gates.append(GateCheck(Gate.COST, room, Unit.USDC, spent, params.max_total_cost, "invested here"))
    lagging = _lagging_quote(view, params, ahead) if ahead is not None else None
    if not room:
        return tuple(gates), (lagging,) if lagging else ()
    pair = _pair_of_bids(bids[Outcome.YES], bids[Outcome.NO], view.listing.tick, params.ceiling)
    joined = None if None in bids.values() else sum(price for price in bids.values() if price is not None)
    gates.append(
        GateCheck(Gate.EDGE, pair is not None, Unit.PRICE, joined, params.ceiling, "best bids together")
    )
    if pair is None:
        return tuple(gates), (lagging,) if lagging else ()
    wanted = [] if lagging is None else [lagging]
    for outcome, price in pair.items():
        if ahead is not None and outcome is ahead.other and lagging is not None:
            continue
        opening = _opening_quote(view, params, outcome, price)
        if opening is not None and _fits(opening, lagging, params):
            wanted.append(opening)
    return tuple(gates), tuple(wanted)


def _fits(opening: Wanted, lagging: Wanted | None, params: Params) -> bool:
    """With one leg ahead the other bid is raised; both together must still stay below the ceiling."""
    return lagging is None or opening.price + lagging.price <= params.ceiling


def _when(view: View, params: Params) -> tuple[GateCheck, ...]:
    """Time, calm and certainty: the gates that say whether this is a moment to quote."""
    listing, mood = view.listing, view.mood
    quiet = listing.starts_ms is not None and 0 < listing.starts_ms - view.now <= params.start_quiet_ms
    allowed = (params.quote_in_play or mood.in_play is False) and not quiet
    word = (
        "close to game start"
        if quiet
        else {True: "in play", False: "before play", None: "unknown"}[mood.in_play]
    )
    timing = GateCheck(Gate.TIMING, allowed, Unit.WORD, None, None, word)
    if not allowed:
        return (timing,)
    wait = Ms(max(0, mood.pulled_until_ms - view.now))
    calm = GateCheck(Gate.CALM, wait == 0, Unit.MS, wait, Ms(0), mood.pulled_why if wait else "calm")
    if wait:
        return timing, calm
    sides = (view.book.best_bid, _from_ask(view.book.best_ask))
    high = max((price for price in sides if price is not None), default=None)
    certain = high is not None and high >= params.near_certain
    fine = not certain and not (mood.deciding and listing.kind is MarketKind.SERIES)
    word = "deciding map" if mood.deciding and not certain else "likelier side"
    return timing, calm, GateCheck(Gate.CERTAINTY, fine, Unit.PRICE, high, params.near_certain, word)


def _from_ask(ask: Price | None) -> Price | None:
    """The bid for NO that an ask for YES is."""
    return None if ask is None else Price(ONE - ask)


def best_bid_to_join(view: View, outcome: Outcome) -> Price | None:
    """The best bid of others for ``outcome``, in its own price. Our own size is taken out where it is shown."""
    book = view.book
    if not view.own_shown:
        return book.top(outcome).bid
    levels = (
        book.bids(8)
        if outcome is Outcome.YES
        else [(Price(ONE - price), size) for price, size in book.asks(8)]
    )
    for price, size in levels:
        if size > view.orders.size_at(outcome, price):
            return price
    return None


def _depth(levels: Iterable[tuple[Price, Shares]]) -> Usdc:
    """What some levels of one side are worth: what a seller gets, or a buyer pays."""
    return Usdc(sum(cost(price, size) for price, size in levels))


def _pair_of_bids(
    yes: Price | None, no: Price | None, tick: Price, ceiling: Price
) -> dict[Outcome, Price] | None:
    """One tick inside on both sides if that leaves the edge, else on one, else joined; else nothing."""
    if yes is None or no is None:
        return None
    for inside_yes, inside_no in ((tick, tick), (tick, 0), (0, tick), (0, 0)):
        bid_yes, bid_no = Price(yes + inside_yes), Price(no + inside_no)
        below_asks = bid_yes + no <= ONE - tick and bid_no + yes <= ONE - tick
        if bid_yes + bid_no <= ceiling and below_asks:
            return {Outcome.YES: bid_yes, Outcome.NO: bid_no}
    return None


def _opening_quote(view: View, params: Params, outcome: Outcome, price: Price) -> Wanted | None:
    """``min(step / price, 50 - how far ahead the leg is)`` shares; nothing on a leg that is ahead enough."""
    held = view.pair.held(outcome) - view.pair.held(outcome.other)
    if held >= params.rebalance_shares:
        return None
    room = params.imbalance_shares - max(0, held)
    size = floor_to(Shares(min(params.step * ONE // price, room)))
    if size < view.listing.min_size:
        return None
    return Wanted(outcome, Side.BUY, price, size, OrderKind.QUOTE, Purpose.OPENING)


def _lagging_quote(view: View, params: Params, ahead: Outcome) -> Wanted | None:
    """Bid for the lagging leg up to what still leaves the edge, inside the spread, for the surplus only."""
    lag, tick = ahead.other, view.listing.tick
    size = floor_to(view.pair.exposed)
    best, ask = best_bid_to_join(view, lag), view.book.top(lag).ask
    bound = params.ceiling - average(view, ahead)
    if ask is not None:
        bound = min(bound, ask - tick)
    if best is not None:
        bound = min(bound, best + tick)
    price = Price(bound - bound % tick)
    if price < tick:
        return None
    return Wanted(lag, Side.BUY, price, size, OrderKind.QUOTE, Purpose.REDUCING)
