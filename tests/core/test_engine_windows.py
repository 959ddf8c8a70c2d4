"""The venue's windows in the engine: nothing is sent into them, and everything comes back."""

import pytest

from core import events as ev
from core.book import Trust
from core.breaker import BreakerMoved
from core.ids import MarketId
from core.intents import OrderKind, Purpose
from core.notes import WindowMoved
from core.units import Ms, price, shares
from tests.builders import MARKET, NO, OTHER, a_listing
from tests.core.engine_scenes import a_naked_market
from tests.fakes import Play

LATE = MarketId("0xlate")
RESTARTING, POST_ONLY = ev.WindowMode.RESTARTING, ev.WindowMode.POST_ONLY


def two_quoted_markets() -> Play:
    play = Play(markets=[a_listing(), a_listing(OTHER, match=None)])
    for market in (MARKET, OTHER):
        play.take_up(play.book(market=market))
    play.wait(1_000)
    return play


def told(play: Play, mode: ev.WindowMode, wait_ms: int | None = None) -> ev.WindowTold:
    return ev.WindowTold(mode, None if wait_ms is None else Ms(wait_ms), "the venue's words", play.now)


@pytest.mark.parametrize("mode", [RESTARTING, ev.WindowMode.CANCEL_ONLY, ev.WindowMode.OFF])
def test_a_venue_that_takes_no_orders_pauses_every_book_and_loses_our_quotes(mode: ev.WindowMode) -> None:
    play = two_quoted_markets()

    step = play.hear(told(play, mode))

    assert {desk.book.trust for desk in play.engine.desks.values()} == {Trust.PAUSED}
    assert {cancel.market_id for cancel in step.cancels} == {MARKET, OTHER}
    assert play.notes(WindowMoved)[-1].mode is mode


def test_no_order_is_approved_until_a_restart_is_over_and_quotes_come_back_by_themselves() -> None:
    play = two_quoted_markets()
    play.confirm_cancels(play.hear(told(play, RESTARTING, 12_000)))
    for _ in range(11):
        play.tick()
        assert not play.book().approved

    step = play.tick()
    assert {resync.reason for resync in step.resyncs} == {"pause over"}
    assert {desk.book.trust for desk in play.engine.desks.values()} == {Trust.SYNCING}
    play.take_up(play.book())

    assert len(play.quotes()) == 2
    assert play.notes(WindowMoved)[-1].mode is POST_ONLY


def test_a_second_refusal_by_the_same_restart_is_no_news() -> None:
    play = two_quoted_markets()
    play.hear(told(play, RESTARTING))

    assert not play.hear(told(play, RESTARTING)).notes


def test_a_market_listed_during_a_restart_waits_like_the_others() -> None:
    play = two_quoted_markets()
    play.hear(told(play, RESTARTING, 10_000))
    play.hear(a_listing(LATE, match=None))

    assert not play.book(market=LATE).approved
    assert play.refused()[-1].rule.value == "venue_restarting"
    play.tick()
    assert play.engine.desks[LATE].book.trust is Trust.PAUSED


def test_in_post_only_mode_quotes_go_on() -> None:
    play = two_quoted_markets()

    step = play.hear(told(play, POST_ONLY))

    assert not step.cancels
    assert play.desk.book.trust is Trust.TRUSTED
    play.confirm_cancels(play.hear(ev.Halted(MARKET, "looked at", play.now)))
    assert len(play.hear(ev.Resumed(MARKET, "fine", play.now)).approved) == 2


def test_in_post_only_mode_an_overdue_leg_is_quoted_for_and_taken_when_that_is_over() -> None:
    play = a_naked_market()
    play.confirm_cancels(play.hear(told(play, POST_ONLY, 400_000)))
    for _ in range(62):
        play.take_up(play.tick(5_000))
        play.take_up(play.book())
    placed = play.approved()
    assert {place.kind for place in placed} == {OrderKind.QUOTE}
    assert placed[-1].purpose is Purpose.REDUCING

    play.wait(100_000)
    play.book()
    play.confirm_cancels(play.tick())

    last = play.approved()[-1]
    assert (last.kind, last.outcome, last.shares) == (OrderKind.TAKE, NO, shares("25"))


def test_cancels_that_fail_during_a_restart_open_no_breaker() -> None:
    play = two_quoted_markets()
    step = play.hear(told(play, RESTARTING))
    for _ in range(3):
        for cancel in step.cancels:
            play.hear(ev.CancelFailed(cancel.key, "HTTP 425: Too Early", play.now))

    assert play.notes(BreakerMoved) == []


def test_a_market_resolved_during_a_restart_is_redeemed() -> None:
    play = a_naked_market()
    play.confirm_cancels(play.hear(told(play, RESTARTING)))

    step = play.hear(ev.MarketResolved(MARKET, price("1"), play.now, play.now))

    assert len(step.wallet_actions) == 1
