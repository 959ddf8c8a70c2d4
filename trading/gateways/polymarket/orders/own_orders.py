"""All orders of ours, by the venue's id: hands each word of the venue to the orders it is about.

Pure like ``own_order``. ``wishes`` says what to ask the venue for now, ``due_ms`` when to look again. Core events
wait in ``said``. Orders that are over and settled are kept an hour, their ids longer, so that what comes late is
known to be late.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from core.answers import FillStatus
from core.events import Event, FeeSchedule
from core.ids import FillId, IntentKey, MarketId, OrderId, Outcome, TokenId
from core.intents import Place
from core.kept import KeptOrder
from core.lifecycle import Status
from core.units import Ms
from infra import logs
from trading.gateways.polymarket.orders.moves import Stage
from trading.gateways.polymarket.orders.own_order import OwnOrder
from trading.gateways.polymarket.orders.strays import BEFORE_MS, Strays
from trading.gateways.polymarket.orders.translate import Leg, OrderFact, TradeFact, merged
from trading.gateways.polymarket.orders.unknown import Inquiry

SAID_MAX: Final = 20_000
SURVEY_MS: Final = 15_000
LATE_MS: Final = 10_000  # a list may be as old as this, and no older
SETTLING_MS: Final = 10_000  # a fill not heard of for this long is asked for
FORGET_AFTER_MS: Final = 3_600_000
WATCH_MS: Final = 24 * FORGET_AFTER_MS  # an order that never landed, in a market that is not resolved
FORGOTTEN_MAX: Final = 20_000

KEPT: Final[Mapping[Status, Stage]] = {
    Status.MATCHED: Stage.MATCHED,
    Status.CANCELLED: Stage.CLOSED,
    Status.EXPIRED: Stage.CLOSED,
    Status.REJECTED: Stage.REFUSED,
    Status.NEVER_LANDED: Stage.REFUSED,
}

log = logs.get("gateway")


class Overrun(Exception):
    """Nobody takes what we have to say. The shard's loop hangs: it must end, not forget."""


@dataclass(frozen=True, slots=True)
class MarketTerms:
    """What following an order needs to know of its market."""

    yes_token: TokenId
    no_token: TokenId
    fees: FeeSchedule | None
    delay_ms: Ms

    def token(self, outcome: Outcome) -> TokenId:
        return self.yes_token if outcome is Outcome.YES else self.no_token


@dataclass(slots=True)
class Wishes:
    """What to ask of the venue now. ``trades_after``: read all trades from there on; ``loose``: trades by id."""

    cancels: list[OwnOrder] = field(default_factory=list)
    looks: list[OwnOrder] = field(default_factory=list)
    trades_after: Ms | None = None
    survey: bool = False
    loose: tuple[str, ...] = ()


class OwnOrders:
    """The table. ``strays`` is what the venue told of our wallet and not of these orders."""

    def __init__(self) -> None:
        self.said: deque[Event] = deque()
        self.strays = Strays(self.say)
        self.misnamed: tuple[OrderId, OrderId] | None = None  # the first named otherwise than computed
        self.contradicted = 0  # parts of trades that were not what our order is; none of them was booked
        self._active: dict[OrderId, OwnOrder] = {}
        self._settled: dict[OrderId, OwnOrder] = {}
        self._keys: dict[IntentKey, OrderId] = {}
        self._forgotten: dict[OrderId, MarketId] = {}
        self._looking: set[OrderId] = set()
        self._reading_trades = False
        self._surveying = False
        self._survey_again = False
        self._surveyed_ms: Ms | None = None
        self._watched: set[OrderId] = set()  # settled, and might still land

    def begin(self, place: Place, order_id: OrderId, terms: MarketTerms, now: Ms) -> OwnOrder:
        """An order of ours is on its way."""
        return self._add(place, order_id, terms, Stage.SENT, now)

    def keep(
        self, kept: KeptOrder, terms: MarketTerms | None, now: Ms, fills: Mapping[FillId, FillStatus]
    ) -> OwnOrder:
        """An order of an earlier life of the process. What had not ended is unknown until the venue is asked.

        ``fills``: how far those are known to have settled that are not final.
        """
        order = self._add(kept.place, kept.order_id, terms, KEPT.get(kept.status, Stage.UNKNOWN), now)
        settled = {fill_id: fills.get(fill_id, FillStatus.CONFIRMED) for fill_id in kept.fills}
        order.fills.recall(kept.filled, settled)
        order.never_landed = kept.status is Status.NEVER_LANDED
        if order.stage is Stage.UNKNOWN:
            # When the socket that carried it closed nobody saw: at the latest when that process was found gone, which
            # may be lives ago. Were it counted from each life anew, lives that end soon would keep it open for ever.
            closed_ms = now if kept.orphaned_ms is None else kept.orphaned_ms
            order.inquiry = Inquiry(kept.since_ms, closed_ms, landed=bool(kept.fills))
            order.look_by(now)
        order.plan(now)
        return order

    def _add(
        self, place: Place, order_id: OrderId, terms: MarketTerms | None, stage: Stage, now: Ms
    ) -> OwnOrder:
        known = OrderId(order_id.lower())
        order = OwnOrder(
            place,
            known,
            None if terms is None else terms.token(place.outcome),
            fees=None if terms is None else terms.fees,
            delay_ms=Ms(0) if terms is None else terms.delay_ms,
            stage=stage,
            say=self.say,
            now=now,
        )
        self._active[known] = order
        self._keys[place.key] = known
        return order

    def say(self, event: Event) -> None:
        """Let the core hear of ``event``. Raises ``Overrun`` when nobody listens."""
        if len(self.said) >= SAID_MAX:
            raise Overrun(f"{SAID_MAX} events wait for the core")
        self.said.append(event)

    def get(self, order_id: OrderId) -> OwnOrder | None:
        """The order of that id; one that was at rest is looked after again until it is settled again."""
        known = OrderId(order_id.lower())
        order = self._active.get(known)
        if order is None and known in self._settled:
            order = self._active[known] = self._settled.pop(known)
            self._watched.discard(known)
        return order

    def by_key(self, key: IntentKey) -> OwnOrder | None:
        order_id = self._keys.get(key)
        return None if order_id is None else self.get(order_id)

    def rename(self, order: OwnOrder, order_id: OrderId) -> None:
        """The venue calls it by another id than the one computed: follow it under the venue's, unless that is another
        order's of ours, which would then be followed no more."""
        self.misnamed = self.misnamed or (order.order_id, order_id)
        if self.get(order_id) is not None:
            return
        self._active.pop(order.order_id, None)
        order.order_id = OrderId(order_id.lower())
        self._active[order.order_id] = order
        self._keys[order.place.key] = order.order_id

    def mine(self, order_ids: Iterable[OrderId], market_id: MarketId | None = None) -> list[OrderId]:
        """Those that are ours, forgotten ones included; of one market when that is named."""
        found = []
        for order_id in (OrderId(order_id.lower()) for order_id in order_ids):
            order = self._active.get(order_id) or self._settled.get(order_id)
            market = self._forgotten.get(order_id) if order is None else order.place.market_id
            if market is not None and market_id in (None, market):
                found.append(order_id)
        return found

    def learn(self, market_id: MarketId, terms: MarketTerms) -> None:
        """The terms of a market are known, or have changed: fills that waited for its fee can be booked."""
        for order in self._active.values():
            if order.place.market_id == market_id and order.fills.fees is None:
                order.token, order.fills.fees = terms.token(order.place.outcome), terms.fees

    def resolved(self, market_id: MarketId) -> None:
        """No order of the market can land any more."""
        self._watched -= {each for each in self._watched if self._settled[each].place.market_id == market_id}

    def hear(self, fact: OrderFact, now: Ms) -> None:
        """The channel speaks of an order."""
        order = self.get(fact.order_id)
        if order is not None:
            order.heard(fact, now)
        elif fact.order_id not in self._forgotten:
            self.strays.notice(fact.order_id, now)

    def listed(self, facts: Iterable[OrderFact], asked_ms: Ms, now: Ms) -> None:
        """All orders that were open at ``asked_ms``. Of ours that are not among them each is asked for by id."""
        seen = set()
        for fact in facts:
            seen.add(fact.order_id)
            if not self.seen_after_end(fact, asked_ms, now):
                self.hear(fact, now)
        for order in self._active.values():
            if order.order_id not in seen and not order.is_over and order.known_ms <= asked_ms:
                order.look_by(now)

    def seen_after_end(self, fact: OrderFact, asked_ms: Ms, now: Ms) -> bool:
        """Take in a list's word on an order that was over long before the list was asked for; false for others."""
        order = self.get(fact.order_id)
        if order is None or order.over_ms is None or asked_ms < order.over_ms + LATE_MS:
            return False
        order.listed_after_end(fact, now)
        return True

    def hear_trade(self, trade: TradeFact, now: Ms) -> bool:
        """A trade, of the channel or read. Every order of ours in it hears of its part. True when a fill was new."""
        legs = [leg for leg in (trade.taker, *_by_order(trade.makers or ())) if leg.shares]
        found = [(order, leg) for leg in legs if (order := self.get(leg.order_id)) is not None]
        news = False
        for order, leg in found:
            if order.token not in (None, leg.token) or leg.side not in (None, order.place.side):
                self._contradicted(order, trade, leg)
                continue
            before = order.fills.filled
            if not order.traded(trade, leg, now):
                log.error(
                    "fee of a fill unknown", event_type="error", key=order.place.key, trade=trade.trade_id
                )
            news = news or order.fills.filled != before
        if found:
            self.strays.placed(trade.trade_id)
        elif not any(leg.order_id in self._forgotten for leg in legs):
            self.strays.hear(trade, legs, now)
        return news

    def _contradicted(self, order: OwnOrder, trade: TradeFact, leg: Leg) -> None:
        self.contradicted += 1
        log.error(
            "trade contradicts order",
            event_type="error",
            key=order.place.key,
            trade=trade.trade_id,
            token_id=leg.token,
            side=leg.side,
        )

    def trades_read(self, *, answered: bool, now: Ms) -> None:
        """What ``Wishes.trades_after`` asked for was heard, or nobody answered."""
        self._reading_trades = False
        for order in self._active.values():
            if order.trades_ms is not None:
                order.trades_read(now)
            order.fills.asked(now)
        self.strays.asked(answered=answered, now=now)

    def looked(self, order: OwnOrder) -> None:
        """The look at an order is over, whatever it brought."""
        self._looking.discard(order.order_id)

    def surveyed(self, now: Ms) -> None:
        """The survey is over, whatever it brought."""
        self._surveying = False
        self._surveyed_ms = None if self._survey_again else now
        self._survey_again = False

    def survey_now(self) -> None:
        """The channel may have missed something: read everything, after what is being read already."""
        self._surveyed_ms = None
        self._survey_again = self._surveying

    def wishes(self, now: Ms) -> Wishes:
        """What to ask for now. Each wish counts as under way until its answer, or that there is none, is told."""
        wishes = Wishes()
        for order in list(self._active.values()):
            if order.is_settled:
                self._rest(order)
                continue
            if order.cancel_ms is not None and order.cancel_ms <= now and order.can_cancel:
                order.cancel_sent(now)
                wishes.cancels.append(order)
            due = order.look_ms is not None and order.look_ms <= now
            if due and order.order_id not in self._looking:
                self._looking.add(order.order_id)
                wishes.looks.append(order)
            if order.inquiry is not None and order.inquiry.alert(now):
                self._alert(order, now)
        if not self._reading_trades:
            wishes.trades_after = self._trades_after(now)
            self._reading_trades = wishes.trades_after is not None
        if not self._surveying and self._survey_due(now):
            self._surveying = wishes.survey = True
            wishes.loose = self.strays.loose_trades()
            self._forget(now)
        return wishes

    def due_ms(self) -> Ms | None:
        """When ``wishes`` next has something; ``None``: not before something is heard."""
        due: list[Ms] = []
        for order in self._active.values():
            if order.look_ms is not None and order.order_id not in self._looking:
                due.append(order.look_ms)
            if order.cancel_ms is not None and order.can_cancel:
                due.append(order.cancel_ms)
            if self._reading_trades:
                continue
            if order.trades_ms is not None:
                due.append(order.trades_ms)
            due.extend(Ms(heard + SETTLING_MS) for _, heard in order.fills.unsettled.values())
        if not self._reading_trades:
            due.extend(self.strays.due())
        if not self._surveying and self._must_survey():
            due.append(Ms(0) if self._surveyed_ms is None else Ms(self._surveyed_ms + SURVEY_MS))
        return min(due, default=None)

    def active(self) -> list[OwnOrder]:
        """Orders that are open, unclear or not settled."""
        return [order for order in self._active.values() if not order.is_settled]

    def _must_survey(self) -> bool:
        if self._watched or self.strays.loose:
            return True
        return any(order.never_landed or not order.is_settled for order in self._active.values())

    def _survey_due(self, now: Ms) -> bool:
        return self._must_survey() and (self._surveyed_ms is None or now >= self._surveyed_ms + SURVEY_MS)

    def _trades_after(self, now: Ms) -> Ms | None:
        """From when on trades must be read, if any must be now."""
        starts: list[int] = []
        for order in self._active.values():
            if order.trades_ms is not None and order.trades_ms <= now:
                starts.append(order.place.decided_ms)
            unsettled = order.fills.unsettled.values()
            starts.extend(matched for matched, heard in unsettled if now - heard >= SETTLING_MS)
        after = [Ms(min(start, now) - BEFORE_MS) for start in starts]
        after.extend(self.strays.wanted_from(now))
        return min(after, default=None)

    def _alert(self, order: OwnOrder, now: Ms) -> None:
        assert order.inquiry is not None, "only an order in doubt is told of"
        log.error(
            "order unknown",
            event_type="order_unknown",
            key=order.place.key,
            id=order.order_id,
            market=order.place.market_id,
            unknown_ms=now - order.inquiry.began_ms,
        )

    def _rest(self, order: OwnOrder) -> None:
        del self._active[order.order_id]
        self._settled[order.order_id] = order
        if order.never_landed:
            self._watched.add(order.order_id)

    def _forget(self, now: Ms) -> None:
        for order_id, order in list(self._settled.items()):
            keep_ms = WATCH_MS if order_id in self._watched else FORGET_AFTER_MS
            if order.over_ms is None or now - order.over_ms < keep_ms:
                continue
            del self._settled[order_id]
            self._watched.discard(order_id)
            self._keys.pop(order.place.key, None)
            self._forgotten[order_id] = order.place.market_id
        while len(self._forgotten) > FORGOTTEN_MAX:
            del self._forgotten[next(iter(self._forgotten))]


def _by_order(legs: Iterable[Leg]) -> list[Leg]:
    ordered = sorted(legs, key=lambda leg: leg.order_id)
    return [merged(list(parts)) for _, parts in groupby(ordered, key=lambda leg: leg.order_id)]
