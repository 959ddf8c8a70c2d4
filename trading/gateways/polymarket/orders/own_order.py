"""One order of ours as the gateway follows it: what the venue says becomes what the core hears (``moves``).

Pure: facts and answers come in with the time, core events go out through ``say``, and what should be asked of the
venue next stands in ``look_ms``, ``trades_ms`` and ``cancel_ms``. Whatever comes in any order, twice or late ends
in the same place; what never comes is asked for. The core never hears of less than the venue may have.
"""

from collections.abc import Callable
from typing import Final

from core.answers import (
    AckStatus,
    CancelFailed,
    CloseReason,
    OrderAcked,
    OrderClosed,
    OrderRejected,
    OrderUnknown,
    RejectCode,
)
from core.events import Event, FeeSchedule
from core.ids import OrderId, TokenId
from core.intents import OrderKind, Place
from core.units import Ms, Shares
from infra import logs
from trading.gateways.polymarket.orders.moves import ACKS, MOVES, OVER, Move, Stage
from trading.gateways.polymarket.orders.own_fills import Heard, OwnFills
from trading.gateways.polymarket.orders.translate import Leg, OrderFact, Standing, TradeFact
from trading.gateways.polymarket.orders.unknown import Inquiry, Verdict, wait_ms

END_HEARD_MS: Final = 300  # the channel tells of a cancel this soon; else it is asked
FILLS_HEARD_MS: Final = 700  # and of the trades behind a matched size
DELAY_OVER_MS: Final = 1_500  # beyond the market's own delay
CANCEL_WAITS_MS: Final = (500, 1_000, 2_000, 4_000)  # between tries, the last for ever

log = logs.get("gateway")


class OwnOrder:
    """One order. ``landed``: the venue has spoken of it. ``posting``: a post of it is under way.
    ``never_landed``: the venue denied it so often that it counts as not there; it may yet show up.

    Units:
        token:     what it trades; ``None`` while its market is not known to us (an order of an earlier life).
        look_ms, trades_ms, cancel_ms: when to ask for it, for its trades, and to cancel it; ``None``: no need.
        over_ms:   since when nothing of it can match any more; ``None`` while it can.
    """

    __slots__ = (
        "_cancels",
        "_core_asked",
        "_delay_ms",
        "_ending",
        "_looks",
        "_refusal",
        "_say",
        "_trade_reads",
        "cancel_ms",
        "fills",
        "inquiry",
        "known_ms",
        "landed",
        "look_ms",
        "never_landed",
        "order_id",
        "over_ms",
        "place",
        "posting",
        "stage",
        "token",
        "trades_ms",
    )

    def __init__(
        self,
        place: Place,
        order_id: OrderId,
        token: TokenId | None,
        *,
        fees: FeeSchedule | None,
        delay_ms: Ms,
        stage: Stage,
        say: Callable[[Event], None],
        now: Ms,
    ) -> None:
        self.place = place
        self.order_id = order_id
        self.token = token
        self.stage = stage
        self.posting = stage is Stage.SENT
        self.landed = self.never_landed = False
        self.fills = OwnFills(place, fees, say)
        self.known_ms = now
        self.look_ms: Ms | None = None
        self.trades_ms: Ms | None = None
        self.cancel_ms: Ms | None = None
        self.over_ms: Ms | None = None
        self.inquiry: Inquiry | None = None
        self._say = say
        self._delay_ms = delay_ms
        self._refusal: str | None = None  # why the venue did not carry out the last cancel
        self._core_asked = False
        self._ending = False  # the venue says it cancelled; what had traded before is still to be heard
        self._cancels = self._looks = self._trade_reads = 0

    @property
    def is_over(self) -> bool:
        """Nothing of it can match any more, as far as the venue has said."""
        if self.stage in OVER:
            return True
        return self.stage is Stage.MATCHED and self.fills.whole

    @property
    def is_settled(self) -> bool:
        """Over, with every trade heard of and every fill final."""
        return self.is_over and not self.fills.missing and not self.fills.unsettled

    def accepted(self, standing: Standing | None, now: Ms) -> None:
        """The venue took it and says where it stands, or does not say (``None``)."""
        self.posting, self.landed = False, True
        if standing is not None:
            self._apply(OrderFact(self.order_id, standing, None), now)
        elif self.stage is Stage.SENT:
            self._lose_sight("taken without a word on where it stands", now, now)
        self.plan(now)

    def refused(self, code: RejectCode, text: str, now: Ms) -> None:
        """The venue did not take this post. An earlier one of the same bytes may still have landed."""
        self.posting = False
        if self.stage is Stage.SENT and not self.landed:
            self.stage = Stage.REFUSED
            self._say(OrderRejected(self.place.key, code, text, now))
        elif not self.is_over:
            self.look_by(now)
        self.plan(now)

    def duplicated(self, text: str, now: Ms) -> None:
        """The very same bytes were there already: where they stand must be asked."""
        self.posting, self.landed = False, True
        if self.stage is Stage.SENT:
            self._lose_sight(text, now, now)
        if self.inquiry is not None:
            self.inquiry.landed = True
        self._look_unless_over(now)

    def unanswered(self, reason: str, closed_ms: Ms, now: Ms) -> None:
        """Nobody answered the post: it counts as exposure and is asked for."""
        self.posting = False
        if self.stage is Stage.SENT:
            self._lose_sight(reason, closed_ms, now)
        elif self.inquiry is not None:
            self.inquiry.closed(closed_ms)
        self._look_unless_over(now)

    def resending(self) -> None:
        """The identical bytes leave once more."""
        assert self.inquiry is not None, "only an order in doubt is sent again"
        self.inquiry.resent += 1
        self.posting = True

    def heard(self, fact: OrderFact, now: Ms) -> None:
        """The channel, or a list of orders, speaks of it."""
        self.landed = True
        self._apply(fact, now)
        self.plan(now)

    def listed_after_end(self, fact: OrderFact, now: Ms) -> None:
        """The venue lists as open, long after it told the end, what should be gone."""
        if self.stage is Stage.CLOSED and fact.standing in (Standing.LIVE, Standing.DELAYED):
            self._reopen(fact.standing, now)
        self.heard(fact, now)

    def looked(self, fact: OrderFact | None, now: Ms) -> None:
        """The venue was asked for it by id and knows it; ``None``: it does not say where it stands."""
        self.landed, self.look_ms = True, None
        if fact is not None:
            resting = fact.standing in (Standing.LIVE, Standing.DELAYED)
            if resting and self._refusal is not None and not self.is_over:
                self._cancel_failed(self._refusal, now)
            self._apply(fact, now)
        self.plan(now)

    def absent(self, asked_ms: Ms, now: Ms) -> None:
        """The venue, asked at ``asked_ms``, knew neither the order nor, where that counts, a trade of it."""
        self.look_ms = None
        if not self.is_over and not self.posting:
            inquiry = self.inquiry = self.inquiry or Inquiry(now, asked_ms, landed=True)
            inquiry.landed = inquiry.landed or self.landed
            verdict = inquiry.not_found(asked_ms)
            if verdict is Verdict.GONE or (verdict is Verdict.NEVER_LANDED and self.fills.matched):
                log.error("order known no more", event_type="error", key=self.place.key, id=self.order_id)
                self._close(now)
            elif verdict is Verdict.NEVER_LANDED:
                self._say(OrderClosed(self.place.key, CloseReason.NEVER_LANDED, Shares(0), now))
            if verdict is not Verdict.OPEN:
                self.stage, self.never_landed = Stage.REFUSED, True
        self.plan(now)

    def look_failed(self, now: Ms) -> None:
        """Nobody answered the question."""
        self.look_ms = None
        self.plan(now)

    def trades_read(self, now: Ms) -> None:
        """All trades the venue would show have been taken in, or it did not answer."""
        self.trades_ms = None
        self.plan(now)

    def want_gone(self, now: Ms, *, asked_by_core: bool) -> None:
        """Cancel it as soon as it can be cancelled, and again until it is over."""
        self._core_asked = self._core_asked or asked_by_core
        self._withdraw(now)
        self.plan(now)

    def _withdraw(self, now: Ms) -> None:
        if self.cancel_ms is None:
            self.cancel_ms = now

    def tell_again(self, now: Ms) -> None:
        """The core asks to cancel what is over: it has missed its end."""
        if self.stage is Stage.CLOSED:
            self._say_closed(now)

    @property
    def can_cancel(self) -> bool:
        """The venue may know it, and not all of it has traded."""
        on_its_way = self.posting and not self.landed
        return not self.is_over and not on_its_way and self.fills.matched < self.place.shares

    def cancel_sent(self, now: Ms) -> None:
        """A cancel is under way; should its answer be lost on us too, the next try is planned."""
        self.cancel_ms = Ms(now + CANCEL_WAITS_MS[min(self._cancels, len(CANCEL_WAITS_MS) - 1)])
        self._cancels += 1

    def cancelled(self, now: Ms) -> None:
        """The venue says it is cancelled. What had traded before is told by the channel, else asked for."""
        if not self.is_over:
            self._ending = self.landed = True
            self.look_by(Ms(now + END_HEARD_MS))
        self.plan(now)

    def not_cancelled(self, reason: str, now: Ms) -> None:
        """The venue did not cancel it: matched, gone, delayed or unknown. Which of these must be asked."""
        if not self.is_over:
            self._refusal = reason
            self.look_by(now)
        self.plan(now)

    def cancel_unanswered(self, reason: str, now: Ms) -> None:
        """Nobody answered the cancel: it may have been carried out."""
        if not self.is_over:
            self._cancel_failed(reason, now)
            self.look_by(now)
        self.plan(now)

    def traded(self, trade: TradeFact, leg: Leg, now: Ms) -> bool:
        """Take in one trade at one status. False when its fee cannot be computed yet: it is asked for again."""
        self.landed = True
        heard = self.fills.hear(self.order_id, trade, leg, now)
        if heard is Heard.NEW:
            self._filled(now)
        self.plan(now)
        return heard is not Heard.UNPRICED

    def plan(self, now: Ms) -> None:
        """See to it that whatever is open or unclear is asked about."""
        if not self.fills.missing:
            self.trades_ms, self._trade_reads = None, 0
        elif self.trades_ms is None:
            self.trades_ms = Ms(now + max(FILLS_HEARD_MS, wait_ms(self._trade_reads)))
            self._trade_reads += 1
        if self.is_over:
            self.look_ms = self.cancel_ms = self.inquiry = None
            self.over_ms = now if self.over_ms is None else self.over_ms
            return
        self.over_ms = None
        if self.look_ms is None and not self.posting:
            self._plan_look(now)

    def look_by(self, at_ms: Ms) -> None:
        """Ask for it at ``at_ms`` at the latest."""
        self.look_ms = at_ms if self.look_ms is None else min(self.look_ms, at_ms)

    def _plan_look(self, now: Ms) -> None:
        if self.inquiry is not None:
            self.look_ms = self.inquiry.next_ask(now)
        elif self.stage is not Stage.LIVE or self._ending or self._refusal is not None:
            first = END_HEARD_MS
            if self.stage is Stage.DELAYED and not self._looks:
                first = self._delay_ms + DELAY_OVER_MS
            elif self.stage is Stage.MATCHED:
                first = FILLS_HEARD_MS
            self.look_ms = Ms(now + max(first, wait_ms(self._looks)))
            self._looks += 1

    def _look_unless_over(self, now: Ms) -> None:
        if not self.is_over:
            self.look_by(now)
        self.plan(now)

    def _apply(self, fact: OrderFact, now: Ms) -> None:
        """Let a word of the venue on where it stands be followed by what ``MOVES`` says."""
        if fact.matched is not None:
            self._traded_in_all(fact.matched, now)
        standing = fact.standing
        short = self.fills.matched < self.place.shares
        if standing is Standing.MATCHED and fact.matched is not None and short:
            # Less than the whole, and by a read nothing rests. Only a cancel refused proves that it is so.
            if self._refusal is not None:
                standing = Standing.CANCELLED
            else:
                self._withdraw(now)
        if standing in ACKS:
            self.inquiry = None
        move = MOVES[self.stage][standing]
        if move is Move.ACK:
            self._ack(standing, now)
        elif move is Move.CLOSE or (move is Move.REJECT and self.fills.matched):
            self._end(fact, now)
        elif move is Move.REJECT:
            self.stage = Stage.CLOSED
            self._say(OrderRejected(self.place.key, RejectCode.OTHER, "the venue threw it out", now))
        elif move is Move.WITHDRAW and short:
            self._withdraw(now)
        elif move is Move.REOPEN:
            self._reopen(standing, now)
        if standing is Standing.LIVE and self.place.kind is OrderKind.TAKE and not self.is_over:
            self._withdraw(now)

    def _ack(self, standing: Standing, now: Ms) -> None:
        stage, status = ACKS[standing]
        self._say(OrderAcked(self.place.key, self.order_id, status, now))
        self.stage, self.inquiry, self._looks = stage, None, 0
        self.look_ms = self._refusal = None

    def _reopen(self, standing: Standing, now: Ms) -> None:
        self._say_back(now)
        self._ack(standing, now)
        self._withdraw(now)

    def _say_back(self, now: Ms) -> None:
        log.error("order exists after all", event_type="error", key=self.place.key)
        self._say(OrderAcked(self.place.key, self.order_id, AckStatus.BACK, now))

    def _end(self, fact: OrderFact, now: Ms) -> None:
        """The venue closed it. Told only with the size that has traded: what is still to be heard must be known."""
        if self.stage is Stage.REFUSED and fact.matched != 0:
            self._reopen(Standing.LIVE, now)
        if fact.matched is None:
            self._ending = True
            self.look_by(now)
        elif self.stage is not Stage.REFUSED:
            self._close(now)

    def _close(self, now: Ms) -> None:
        if self.stage is Stage.SENT:
            self._say(OrderAcked(self.place.key, self.order_id, AckStatus.LIVE, now))
        self.stage = Stage.CLOSED
        self._say_closed(now)

    def _say_closed(self, now: Ms) -> None:
        reason = CloseReason.KILLED if self.place.kind is OrderKind.TAKE else CloseReason.CANCELLED
        self._say(OrderClosed(self.place.key, reason, self.fills.matched, now))

    def _traded_in_all(self, matched: Shares, now: Ms) -> None:
        """The venue stated how much has traded. Told after the end, the core must still wait for the fills."""
        if matched <= self.fills.matched:
            return
        self.fills.matched = matched
        if self.stage is Stage.CLOSED and self.fills.missing:
            self._say_closed(now)

    def _filled(self, now: Ms) -> None:
        """Go where the core goes with a fill."""
        if self.fills.whole:
            if self.stage is not Stage.CLOSED:
                self.stage = Stage.MATCHED
        elif self.stage is Stage.REFUSED:
            self._say_back(now)  # its rest may still be there
            self.stage = Stage.LIVE
            self._withdraw(now)
            self.look_by(now)
        elif self.stage in (Stage.SENT, Stage.UNKNOWN, Stage.DELAYED):
            self.stage = Stage.LIVE
            if not self.posting:
                self.look_by(Ms(now + END_HEARD_MS))

    def _lose_sight(self, reason: str, closed_ms: Ms, now: Ms) -> None:
        self.stage = Stage.UNKNOWN
        self.inquiry = Inquiry(now, closed_ms, landed=self.landed)
        self._say(OrderUnknown(self.place.key, reason, now))

    def _cancel_failed(self, reason: str, now: Ms) -> None:
        """Tell the core where it asked; it then counts the order as unknown until the venue is heard."""
        self._refusal = None
        if self._core_asked:
            self._say(CancelFailed(self.place.key, reason, now))
            if self.stage is Stage.LIVE:
                self.stage = Stage.UNKNOWN
                self.inquiry = Inquiry(now, now, landed=True)
