"""From wishes to orders: what the judge is told, what is kept, withdrawn, renewed, and what waits for what."""

from core import events as ev
from core.ids import FillId, Outcome
from core.orders import Status
from core.proposals import exposure
from core.risk import Exposure, Rule
from core.units import Usdc, price, shares, usdc
from tests.builders import BUY, NO, SELL, YES, a_place, a_take, an_order_id
from tests.fakes import Play

CANCELLED = ev.CloseReason.CANCELLED


def a_quoted_market() -> Play:
    """Both quotes rest: 50 YES at 0.49 and 50 NO at 0.49."""
    play = Play()
    play.take_up(play.book())
    assert play.shown() == {"yes": "50 at 0.49", "no": "50 at 0.49"}
    return play


def judged(play: Play, outcome: Outcome = YES) -> Exposure:
    """What the judge would be told about one more bid."""
    return exposure(play.engine, play.desk, a_place(outcome=outcome, number=99), play.now)


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

    told = exposure(play.engine, play.desk, a_take("0.48", "50", side=SELL, number=99), play.now)

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

    told = exposure(play.engine, play.desk, buy, play.now)

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
