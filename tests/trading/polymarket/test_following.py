"""One order's whole life, told in any order, twice, in part or not at all, ends as the venue has it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from core.answers import FillStatus
from core.fees import fee
from core.intents import OrderKind, Place
from core.lifecycle import Status
from core.units import Usdc, cost, price
from tests.builders import ESPORTS, YES, a_place, a_take
from tests.examples import examples
from tests.trading.polymarket.following import Following
from tests.trading.polymarket.venue_model import HeldOrder, HeldTrade, an_id
from trading.gateways.polymarket.answers import PostStatus
from trading.gateways.polymarket.orders.asking import ANSWERED
from trading.gateways.polymarket.orders.own_fills import FINAL

ORDER = an_id(1)
STEPS = (
    "match",
    "match",
    "settle",
    "settle",
    "fail",
    "cancel",
    "end",
    "wake",
    "throw_out",
    "tell",
    "tell",
    "ask",
    "time",
)


class Evening:
    """One order at a venue whose channel shuffles, repeats and drops, and whose answers may be lost."""

    def __init__(self, place: Place, draw: st.DataObject) -> None:
        self.us = Following()
        self.place = place
        self.draw = draw
        self.own = self.us.send(place, ORDER)
        self.held: HeldOrder | None = None
        self.landing = True  # it may still land

    def chance(self) -> bool:
        return self.draw.draw(st.booleans())

    def begin(self) -> None:
        """The post: it lands or not, and its answer comes or not."""
        fate = self.draw.draw(st.sampled_from(("live", "delayed", "lost", "landed_unheard", "landed_late")))
        if fate in ("lost", "landed_late"):
            self.landing = fate == "landed_late"
            self.own.unanswered("timeout", self.us.now, self.us.now)
        else:
            state = "DELAYED" if fate == "delayed" else "LIVE"
            self.held = self.us.venue.land(self.place, ORDER, state)
            self.landing = False
            if fate == "landed_unheard":
                self.own.unanswered("timeout", self.us.now, self.us.now)
            elif self.chance():
                self.own.accepted(ANSWERED[PostStatus(state.lower())], self.us.now)
            # else its answer is under way until the end
        self.us.listen()

    def act(self, step: str) -> None:
        us, held = self.us, self.held
        if step == "tell" and us.venue.mail:
            at = self.draw.draw(st.integers(0, len(us.venue.mail) - 1))
            frame = us.venue.mail[at] if self.chance() else us.venue.mail.pop(at)
            us.deliver(frame)
        elif step == "ask":
            us.venue.silent = self.chance()
            us.carry_out()
            us.venue.silent = False
        elif step == "time":
            us.pass_time(self.draw.draw(st.sampled_from((100, 900, 4_000))))
        elif step == "cancel":
            self.ask_cancel()
        elif held is None:
            if self.may_land():
                self.held, self.landing = us.venue.land(self.place, ORDER), False
        else:
            self.happen(step, held)

    def happen(self, step: str, held: HeldOrder) -> None:
        venue = self.us.venue
        unsettled = [trade for trade in venue.trades_made if trade.status not in FINAL]
        if step == "wake" and held.state == "DELAYED":
            venue.wake(held)
        elif step == "throw_out" and held.state == "DELAYED":
            venue.throw_out(held)
        elif step == "match" and held.alive:
            took = self.place.kind is OrderKind.TAKE and held.state == "DELAYED"
            at = price("0.50") if took else None
            venue.match(held, size=self.draw.draw(st.sampled_from(("7", "12.5", "50"))), took=took, price=at)
            if took and held.rest:
                venue.wake(held)
        elif step == "settle" and unsettled:
            trade = unsettled[0]
            after = (FillStatus.MINED, FillStatus.RETRYING, FillStatus.CONFIRMED)
            venue.settle(trade, self.draw.draw(st.sampled_from(after)))
        elif step == "fail" and unsettled:
            venue.settle(unsettled[0], FillStatus.FAILED)
        elif step == "end" and held.state == "LIVE":
            venue.sizes_told = self.chance()
            venue.end(held)

    def ask_cancel(self) -> None:
        order = self.us.order(self.place)
        if order.is_cancellable and order.order_id is not None:
            order.cancel_asked(self.us.now)
            self.own.want_gone(self.us.now, asked_by_core=True)

    def finish(self) -> None:
        """What was under way is answered, the venue settles its trades, and everything can be read again."""
        us = self.us
        for trade in us.venue.trades_made:
            if trade.status not in FINAL:
                us.venue.settle(trade, FillStatus.CONFIRMED)
        us.venue.mail.clear()
        if self.own.posting:
            self.own.accepted(ANSWERED[PostStatus.LIVE], us.now)
            us.listen()
        if self.held is not None and self.held.state == "DELAYED":
            us.venue.wake(self.held)
            us.venue.mail.clear()
        us.pass_time(70_000)

    def truth(self) -> int:
        """Shares of a buy that we have or may still get, by the venue."""
        if self.held is None:
            return int(self.place.shares) if self.may_land() else 0
        failed = sum(part.size for trade in self.failed() for part in trade.parts())
        return self.held.matched - failed + (self.held.rest if self.held.alive else 0)

    def may_land(self) -> bool:
        return self.landing and self.us.now <= self.own.known_ms + 8_000

    def failed(self) -> list[HeldTrade]:
        return [trade for trade in self.us.venue.trades_made if trade.status is FillStatus.FAILED]


def paid(evening: Evening) -> tuple[Usdc, Usdc]:
    """USDC and fees of all trades that did not fail."""
    amount = charge = 0
    for trade in evening.us.venue.trades_made:
        if trade.status is not FillStatus.FAILED:
            for part in trade.parts():
                amount += cost(part.price, part.size)
                charge += fee(ESPORTS, part.price, part.size) if trade.taker is part else 0
    return Usdc(amount), Usdc(charge)


@settings(max_examples=examples(400), deadline=None)
@given(st.data(), st.booleans(), st.lists(st.sampled_from(STEPS), max_size=25))
def test_whatever_is_shuffled_repeated_or_lost_we_end_where_the_venue_is(
    draw: st.DataObject, takes: bool, steps: list[str]
) -> None:
    evening = Evening(a_take("0.52") if takes else a_place("0.48"), draw)
    evening.begin()
    place, us = evening.place, evening.us

    for step in steps:
        evening.act(step)
        us.listen()
        assert us.exposed(place) >= evening.truth(), f"exposure below the truth after {step}"
    evening.finish()

    order, held = us.order(place), evening.held
    amount, charge = paid(evening)
    traded = sum(part.size for trade in us.venue.trades_made for part in trade.parts())
    assert us.pair.held(YES) == evening.truth() - order.at_stake
    assert us.pair.spent == amount + charge
    assert us.pair.fees == charge
    assert order.filled == traded
    assert us.pair.provisional == 0
    assert order.status is not Status.UNKNOWN
    if held is None:
        assert order.status is Status.NEVER_LANDED
    elif held.alive:
        assert order.at_stake == held.rest
    else:
        assert not order.is_open
        assert order.at_stake == 0
