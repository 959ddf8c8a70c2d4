"""From wishes to orders: what the judge is told, what is kept, withdrawn, renewed, and what waits for what."""

from core import events as ev
from core.ids import FillId, Outcome
from core.intents import Merge, OrderKind, Place, Purpose
from core.notes import DayStarted
from core.orders import Status
from core.proposals import exposure, view_of
from core.risk import Exposure, Rule
from core.stake import at_stake
from core.strategies.quotes import quote_bar
from core.units import Usdc, price, shares, usdc
from tests.builders import BUY, MARKET, NO, SELL, YES, a_deposit, a_listing, a_place, a_take, an_order_id
from tests.fakes import Play

CANCELLED = ev.CloseReason.CANCELLED


def a_quoted_market() -> Play:
    """Both quotes rest: 50 YES at 0.49 and 50 NO at 0.49."""
    play = Play()
    play.take_up(play.book())
    assert play.shown() == {"yes": "50 at 0.49", "no": "50 at 0.49"}
    return play


def told_of(play: Play, place: Place) -> Exposure:
    """What the judge would be told about an order."""
    engine, desk = play.engine, play.desk
    view = view_of(engine, desk, play.now)
    bar = quote_bar(view, engine.setup.params)
    return exposure(engine, desk, view, place, at_stake(engine, beside=desk), bar)


def judged(play: Play, outcome: Outcome = YES) -> Exposure:
    """What the judge would be told about one more bid."""
    return told_of(play, a_place(outcome=outcome, number=99))


def bought(
    play: Play, outcome: Outcome, size: str, *, status: ev.FillStatus = ev.FillStatus.CONFIRMED
) -> None:
    """Put shares bought at 0.49 into the pair ledger."""
    fill, paid = FillId(f"bought-{outcome}"), usdc("0.49") * shares(size) // 1_000_000
    play.desk.pair.filled(fill, outcome, BUY, shares(size), Usdc(paid), Usdc(0), status, play.now)


def test_own_open_bids_count_as_filled_everywhere() -> None:
    play = a_quoted_market()

    told = judged(play)

    assert told.ahead == shares("50")
    assert told.ahead_cost == usdc("24.5")
    assert told.at_risk == told.at_risk_total == usdc("49")
    assert told.cash == usdc("9951")
    assert told.open_orders == 2


def test_an_order_nobody_answered_for_counts_in_full() -> None:
    play = Play()
    play.book()
    for approved in play.steps[-1].approved:
        play.hear(ev.OrderSent(approved.intent.key, an_order_id(approved.intent.key), play.now))
    play.hear(ev.OrderUnknown(play.approved()[0].key, "no answer", play.now))

    told = judged(play)

    assert told.any_unknown
    assert told.ahead == shares("50")
    assert told.at_risk == usdc("49")


def test_a_fill_the_venue_told_of_at_closing_counts_before_it_is_seen() -> None:
    play = a_quoted_market()
    play.hear(ev.Halted(None, "quiet", play.now))
    order = play.quote(YES)

    play.hear(play.closed(order.place.key, filled="30"))

    told = judged(play)
    assert told.ahead == shares("30")
    assert told.at_risk == usdc("14.7") + usdc("24.5"), "30 YES told of, 50 NO still bid for"
    assert told.cash == usdc("10000") - told.at_risk


def test_shares_an_open_sale_offers_are_not_held_for_another() -> None:
    play = Play()
    bought(play, YES, "50")
    play.desk.orders.add(a_take("0.48", "20", side=SELL, number=98))

    told = told_of(play, a_take("0.48", "50", side=SELL, number=99))

    assert told.held == shares("30")


def test_an_unconfirmed_fill_of_the_other_leg_does_not_make_room() -> None:
    """A fill that may fail counts as the worse of landed and failed."""
    play = Play()
    bought(play, YES, "50")
    bought(play, NO, "50", status=ev.FillStatus.MATCHED)

    assert judged(play, YES).ahead == shares("50")
    assert judged(play, NO).ahead == 0


def test_a_taker_is_judged_with_its_fee() -> None:
    play = Play()
    play.book()
    buy = a_take("0.52", "100", outcome=NO, number=99)

    told = told_of(play, buy)

    fee = usdc("1.248")  # 100 * 0.05 * 0.52 * 0.48
    assert told.fee == fee
    assert told.worst_case_after == -usdc("52") - fee


def test_a_maker_is_judged_without_a_fee() -> None:
    play = Play()
    play.book()

    assert judged(play).fee == 0


def test_an_open_taker_locks_its_fee_too() -> None:
    play = Play()
    play.desk.orders.add(a_take("0.52", "100", outcome=NO))

    assert judged(play).cash == usdc("10000") - usdc("53.248")


def test_a_bid_being_withdrawn_still_counts_against_the_pair_ceiling() -> None:
    """It may fill until its cancel is confirmed; with what replaced its twin the pair would cost 0.99."""
    play = a_quoted_market()
    play.take_up(play.book("0.46x1000", "0.51x1000"))

    assert play.quote(YES).status is Status.CANCELLING, "0.49 is too dear now"
    play.confirm_cancels(
        play.hear(ev.OrderClosed(play.quote(NO).place.key, CANCELLED, shares("0"), play.now))
    )

    assert judged(play, NO).other_bid == price("0.49")
    assert [order.place.outcome for order in play.quotes()] == [YES], "a NO bid waits for that cancel"
    assert play.refused()[-1].rule is Rule.PAIR_CEILING


def test_quotes_off_a_coarser_grid_are_withdrawn_at_once() -> None:
    play = Play(markets=[a_listing(tick="0.001")])
    play.take_up(play.book("0.450x1000", "0.520x1000"))
    assert play.shown()["yes"] == "50 at 0.451"

    step = play.hear(ev.TickSizeChanged(MARKET, price("0.01"), play.now, play.now))

    assert {cancel.reason for cancel in step.cancels} == {"off the grid"}


def a_take_under_way(status: ev.AckStatus = ev.AckStatus.LIVE) -> Play:
    """25 NO is being taken to complete 25 YES bought at 0.40; the venue let its rest stand."""
    play = Play()
    play.take_up(play.book("0.39x1000", "0.50x1000"))
    play.confirm_cancels(play.fill(play.quote(YES), "25"))
    play.wait(60_000)
    play.confirm_cancels(play.book("0.44x1000", "0.46x1000"))
    (take,) = play.open()
    assert take.place.kind is OrderKind.TAKE
    assert take.status.value == status.value
    return play


def test_the_rest_of_a_taker_is_withdrawn_when_the_venue_lets_it_stand() -> None:
    """Marketable limit, then cancel of the rest (trading.md 11)."""
    play = a_take_under_way()

    assert not play.tick(400).cancels, "its fills may still be on the way"
    step = play.tick(100)

    assert [cancel.reason for cancel in step.cancels] == ["the rest of a marketable order"]


def test_a_halt_withdraws_the_rest_of_a_taker_at_once() -> None:
    play = a_take_under_way()

    step = play.hear(ev.Halted(None, "manual_halt", play.now))

    assert len(step.cancels) == 1


def test_an_order_still_on_its_way_is_withdrawn_when_its_answer_comes() -> None:
    play = Play()
    sent = [approved.intent.key for approved in play.book().approved]
    for key in sent:
        play.hear(ev.OrderSent(key, an_order_id(key), play.now))

    assert not play.hear(ev.Halted(None, "manual_halt", play.now)).cancels
    for key in sent:
        step = play.hear(ev.OrderAcked(key, an_order_id(key), ev.AckStatus.LIVE, play.now))
        assert [cancel.key for cancel in step.cancels] == [key]


def test_an_order_nobody_answered_for_is_cancelled_by_its_id_in_a_halt() -> None:
    play = Play()
    key = play.book().approved[0].intent.key
    play.hear(ev.OrderSent(key, an_order_id(key), play.now))
    play.hear(ev.OrderUnknown(key, "timeout", play.now))

    play.hear(ev.Halted(None, "manual_halt", play.now))

    assert key in [cancel.key for step in play.steps for cancel in step.cancels]


def test_a_cancel_nobody_carries_out_is_asked_again_after_five_seconds_and_not_at_once() -> None:
    """Asked again on every answer it went round and round as fast as the venue said no."""
    play = a_quoted_market()
    play.hear(ev.Halted(None, "manual_halt", play.now))
    key = play.quote(YES).place.key

    play.wait(100)
    assert not play.hear(ev.CancelFailed(key, "503", play.now)).cancels
    assert key not in [cancel.key for cancel in play.tick(4_899).cancels]
    assert key in [cancel.key for cancel in play.tick(1).cancels]


def test_a_part_fill_while_a_cancel_is_under_way_does_not_ask_again() -> None:
    play = a_quoted_market()
    play.hear(ev.Halted(None, "manual_halt", play.now))
    order = play.quote(YES)

    step = play.fill(order, "10")

    assert order.status is Status.PARTIAL
    assert not step.cancels
    assert order.at_stake == shares("40")
    play.hear(play.closed(order.place.key))
    assert play.desk.pair.held(YES) == shares("10")


def test_a_taker_waits_until_no_quote_rests_and_quotes_wait_for_the_taker() -> None:
    play = Play()
    play.take_up(play.book("0.39x1000", "0.50x1000"))
    play.confirm_cancels(play.fill(play.quote(YES), "25"))
    assert play.shown()["no"].endswith("at 0.51")

    play.wait(60_000)
    step = play.book("0.44x1000", "0.46x1000")

    assert not step.approved, "the NO bid rests still"
    assert [cancel.reason for cancel in step.cancels] == ["a marketable order comes first"]
    after = play.hear(play.closed(step.cancels[0].key))
    assert [approved.intent.kind for approved in after.approved] == [OrderKind.TAKE]
    play.take_up(after)
    play.take_up(play.tick(100))
    assert [order.place.kind for order in play.open()] == [OrderKind.TAKE]


def test_a_refusal_that_repeats_each_second_is_told_once_and_counted_each_time() -> None:
    play = Play(cash="10")
    play.book()
    for _ in range(10):
        play.tick()

    told = [(refused.rule, refused.intent.outcome) for refused in play.refused()]
    assert told == [(Rule.BALANCE, YES), (Rule.BALANCE, NO)], "both quotes, not in turns for ever"
    assert play.engine.refusals[Rule.BALANCE] == 8, "by the book and by three looks, five seconds apart"


def test_a_refusal_for_another_reason_is_news() -> None:
    play = Play(cash="10")
    play.book()
    play.engine.day.start = DayStarted(usdc("20000"), play.now)
    play.tick()
    before = len(play.refused())

    play.engine.ledger.book([a_deposit("9990")])
    play.tick(5_000)

    assert {refused.rule for refused in play.refused()[before:]} == {Rule.DAILY_LOSS}


def test_when_cash_runs_out_small_pairs_become_cash() -> None:
    play = Play(cash="10")
    for outcome in Outcome:
        bought(play, outcome, "6")
    play.book()

    play.tick()

    merges = [action for step in play.steps for action in step.wallet_actions]
    assert [action.shares for action in merges if isinstance(action, Merge)] == [shares("6")]


def test_a_rejected_order_is_not_asked_for_again_at_once() -> None:
    """The venue's no came back in milliseconds and so did the next order: five a second, for ever."""
    play = Play()
    keys = [approved.intent.key for approved in play.book().approved]
    for key in keys:
        play.hear(ev.OrderSent(key, an_order_id(key), play.now))
    rejection = ev.OrderRejected(keys[0], ev.RejectCode.NOT_ENOUGH_BALANCE, "allowance", play.now)

    assert not play.hear(rejection).approved
    play.tick(999)
    assert not [order for order in play.open() if order.place.outcome is YES]
    play.tick(1)
    assert [order for order in play.open() if order.place.outcome is YES]


def test_an_unconfirmed_sale_makes_no_room_and_brings_no_cash() -> None:
    """If it fails, the shares are back and the money is not."""
    play = Play()
    bought(play, YES, "50")
    sale = FillId("sale")
    unsure = ev.FillStatus.MATCHED
    before = judged(play)
    entries = play.desk.pair.filled(sale, YES, SELL, shares("50"), usdc("24"), Usdc(0), unsure, play.now)
    play.engine.ledger.book(entries)

    assert judged(play, YES).ahead == before.ahead == shares("50")
    assert judged(play, YES).cash == before.cash

    play.desk.pair.settled(sale, ev.FillStatus.CONFIRMED, play.now)
    assert judged(play, YES).ahead == 0
    assert judged(play, YES).cash == before.cash + usdc("24")


def test_a_raised_bid_waits_for_the_bid_it_could_mint_with() -> None:
    """An own YES bid and an own NO bid that make 1 together trade with each other at the venue."""
    play = a_quoted_market()
    play.hear(ev.Halted(None, "quiet", play.now))
    raised = a_place("0.51", "25", outcome=NO, number=99, purpose=Purpose.REDUCING)

    told = told_of(play, raised)

    assert play.quote(YES).status is Status.CANCELLING
    assert told.own_match == play.quote(YES).place.key
    lower = a_place("0.50", "25", outcome=NO, number=99, purpose=Purpose.REDUCING)
    assert told_of(play, lower).own_match is None, "0.99 buys no pair from us"


def test_a_quote_a_tick_behind_keeps_its_queue_for_three_seconds_above_a_half_too() -> None:
    """A step of 25 USDC buys fewer shares a tick higher: that alone is no reason to leave at once."""
    play = Play()
    play.take_up(play.book("0.56x1000", "0.61x1000"))
    assert play.shown()["yes"] == "43.85 at 0.57"

    play.wait(2_999)
    assert not [c for c in play.book("0.57x1000", "0.61x1000").cancels if c.key == play.quote(YES).place.key]
    play.wait(1)
    assert play.tick(0).cancels
