"""The mirrored book: what it holds, whose word counts, when it may be believed, when it counts a phantom."""

from core.book import Book, PhantomEnded, ResyncWanted, Trust, TrustChanged
from core.events import Origin, Top
from core.ids import Side
from core.units import Price, price, shares, usdc
from tests.core.books import MARKET, NO, YES, a_book, a_change, a_top, at, mirror

BIDS = {"0.47": "50", "0.48": "100"}
ASKS = {"0.52": "80", "0.53": "40"}
TOP = a_top("0.48", "0.52")


def mirrored_sides(bids: dict[str, str], asks: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """What the NO token shows for these YES sides."""

    def turned(side: dict[str, str]) -> dict[str, str]:
        return {f"0.{100 - int(p[2:])}": s for p, s in side.items()}

    return turned(asks), turned(bids)


def trust(book: Book) -> Trust:
    """Asked anew each time: a checker that remembers the last answer would call the next line unreachable."""
    return book.trust


def a_trusted_book() -> Book:
    book = Book(MARKET)
    book.tick(at(0))
    book.apply(a_book(YES, BIDS, ASKS))
    book.apply(a_book(NO, *mirrored_sides(BIDS, ASKS)))
    book.judge_frame(at(0))
    assert trust(book) is Trust.TRUSTED
    return book


def test_a_level_of_the_no_token_is_the_same_level_from_the_other_side() -> None:
    book = Book(MARKET)

    book.apply(a_book(NO, bids={"0.48": "80"}, asks={"0.52": "100"}))

    assert (book.best_bid, book.best_ask) == (price("0.48"), price("0.52"))
    assert book.top(NO) == a_top("0.48", "0.52")
    assert book.size_at(is_bid=True, price=price("0.48")) == shares("100")
    assert book.top_size(NO, Side.BUY) == shares("80")
    assert book.top_size(NO, Side.SELL) == shares("100")


def test_an_empty_side_has_no_best_price() -> None:
    book = Book(MARKET)

    assert (book.best_bid, book.best_ask) == (None, None)
    assert book.top(NO) == Top(None, None)


def test_size_zero_removes_a_level_and_the_next_one_is_best() -> None:
    book = a_trusted_book()

    book.apply(a_change(("bid", "0.48", "0"), ("ask", "0.52", "0"), said=1, heard=1))

    assert (book.best_bid, book.best_ask) == (price("0.47"), price("0.53"))
    assert book.bids(5) == ((price("0.47"), shares("50")),)


def test_removing_the_best_and_setting_a_better_one_in_one_message_leaves_the_better_one() -> None:
    book = a_trusted_book()

    book.apply(a_change(("bid", "0.48", "0"), ("bid", "0.49", "5"), said=1, heard=1))

    assert book.best_bid == price("0.49")


def test_a_message_older_than_the_newest_applied_changes_no_level_but_its_top_is_kept() -> None:
    book = a_trusted_book()
    book.apply(a_change(("bid", "0.49", "10"), said=5, heard=5, yes=a_top("0.49", "0.52")))

    book.apply(a_change(("bid", "0.50", "10"), said=4, heard=6, no=a_top("0.48", "0.50")))

    assert book.best_bid == price("0.49")
    assert book.raw_no == a_top("0.48", "0.50")


def test_a_top_stated_without_levels_does_not_make_later_changes_old() -> None:
    book = a_trusted_book()
    book.apply(a_change(said=9, heard=9, yes=a_top("0.49", "0.52")))

    book.apply(a_change(("bid", "0.49", "10"), said=5, heard=9))

    assert book.best_bid == price("0.49")


def test_a_change_without_stated_tops_makes_the_mirror_unknown() -> None:
    book = a_trusted_book()

    book.apply(a_change(("bid", "0.40", "10"), said=1, heard=1, unstated=(YES,)))

    assert book.mirror_holds() is None
    assert book.raw_ask_sum() is None
    assert book.raw_no == mirror(TOP)


def test_a_book_is_believed_when_a_snapshot_is_in_and_both_tokens_tell_one_story() -> None:
    book = Book(MARKET)
    book.apply(a_book(YES, BIDS, ASKS))
    assert book.judge_frame(at(0)) == ()
    assert trust(book) is Trust.SYNCING

    book.apply(a_book(NO, *mirrored_sides(BIDS, ASKS), heard=7))
    notes = book.judge_frame(at(7))

    assert [type(note) for note in notes] == [TrustChanged]
    assert (book.trust, book.trust_since_ms) == (Trust.TRUSTED, at(7))


def test_changes_alone_never_make_a_book_believed() -> None:
    book = Book(MARKET)

    book.apply(a_change(("bid", "0.48", "1"), ("ask", "0.52", "1"), yes=TOP, no=mirror(TOP)))
    book.judge_frame(at(0))

    assert book.mirror_holds() is True
    assert trust(book) is Trust.SYNCING


def test_a_top_of_ours_that_the_venue_does_not_state_breaks_the_mirror() -> None:
    book = a_trusted_book()

    book.apply(a_change(("ask", "0.51", "5"), said=1, heard=1, yes=TOP, no=mirror(TOP)))

    assert book.mirror_holds() is False


def test_a_crossed_story_is_no_story_even_when_it_is_mirrored() -> None:
    book = Book(MARKET)
    crossed = a_top("0.53", "0.52")

    book.apply(a_book(YES, {"0.53": "1"}, {"0.52": "1"}))
    book.apply(a_change(said=0, heard=0, no=mirror(crossed)))

    assert book.mirror_holds() is False
    assert book.raw_ask_sum() == price("0.99")


def test_tops_that_disagree_for_a_second_and_a_half_tear_the_book_and_ask_the_venue() -> None:
    book = a_trusted_book()
    late = a_top("0.49", "0.52")
    book.apply(a_change(("bid", "0.49", "1"), said=10, heard=10, yes=late))
    assert book.judge_frame(at(10)) == ()

    assert book.tick(at(1_509)) == ()
    notes = book.tick(at(1_510))

    assert trust(book) is Trust.TORN
    assert [type(note) for note in notes] == [TrustChanged, ResyncWanted]


def test_a_twin_that_comes_in_time_tears_nothing() -> None:
    book = a_trusted_book()
    late = a_top("0.49", "0.52")
    book.apply(a_change(("bid", "0.49", "1"), said=10, heard=10, yes=late))
    book.judge_frame(at(10))

    book.apply(a_change(("bid", "0.49", "1"), said=10, heard=900, no=mirror(late)))
    book.judge_frame(at(900))

    assert book.tick(at(2_000)) == ()
    assert trust(book) is Trust.TRUSTED


def test_a_torn_book_is_believed_again_when_the_story_is_one() -> None:
    book = a_trusted_book()
    late = a_top("0.49", "0.52")
    book.apply(a_change(("bid", "0.49", "1"), said=10, heard=10, yes=late))
    book.judge_frame(at(10))
    book.tick(at(2_000))

    book.apply(a_change(("bid", "0.49", "1"), said=11, heard=2_100, no=mirror(late)))
    book.judge_frame(at(2_100))

    assert trust(book) is Trust.TRUSTED


def test_ten_silent_seconds_ask_the_venue_and_change_nothing_yet() -> None:
    book = a_trusted_book()
    assert book.tick(at(9_999)) == ()

    notes = book.tick(at(10_000))

    assert notes == (ResyncWanted(MARKET, "silent", at(10_000)),)
    assert trust(book) is Trust.TRUSTED


def test_an_equal_answer_keeps_the_book_believed_and_its_age_starts_again() -> None:
    book = a_trusted_book()
    book.tick(at(10_000))

    book.apply(a_book(YES, BIDS, ASKS, said=0, heard=10_100, origin=Origin.REST))
    book.judge_frame(at(10_100))

    assert trust(book) is Trust.TRUSTED
    assert book.tick(at(20_000)) == ()
    assert [type(note) for note in book.tick(at(20_100))] == [ResyncWanted]


def test_no_answer_within_three_seconds_makes_a_silent_book_stale() -> None:
    book = a_trusted_book()
    book.tick(at(10_000))

    book.tick(at(12_999))
    assert trust(book) is Trust.TRUSTED
    book.tick(at(13_000))

    assert trust(book) is Trust.STALE


def test_a_refused_answer_makes_a_silent_book_stale_at_once_but_not_a_talking_one() -> None:
    silent, talking = a_trusted_book(), a_trusted_book()
    for book in (silent, talking):
        book.tick(at(10_000))
    talking.apply(a_change(("bid", "0.40", "1"), said=10_050, heard=10_050, yes=TOP, no=mirror(TOP)))

    silent.resync_failed(at(10_100), "GET /book: 500")
    talking.resync_failed(at(10_100), "GET /book: 500")

    assert (silent.trust, talking.trust) == (Trust.STALE, Trust.TRUSTED)


def test_a_different_newer_answer_is_taken_and_stays_stale_until_the_channel_agrees() -> None:
    book = a_trusted_book()
    book.tick(at(10_000))
    deeper = {**BIDS, "0.46": "7"}

    book.apply(a_book(YES, deeper, ASKS, said=10_050, heard=10_100, origin=Origin.REST))
    book.judge_frame(at(10_100))

    assert trust(book) is Trust.STALE
    assert book.size_at(is_bid=True, price=price("0.46")) == shares("7")

    book.apply(a_change(("bid", "0.46", "8"), said=10_200, heard=10_200, yes=TOP, no=mirror(TOP)))
    book.judge_frame(at(10_200))

    assert trust(book) is Trust.TRUSTED


def test_a_different_older_answer_is_no_answer() -> None:
    book = a_trusted_book()
    book.apply(a_change(("bid", "0.40", "3"), said=500, heard=500, yes=TOP, no=mirror(TOP)))
    book.judge_frame(at(500))

    book.apply(a_book(YES, {"0.01": "1"}, {"0.99": "1"}, said=400, heard=600, origin=Origin.REST))
    book.judge_frame(at(600))

    assert book.best_bid == price("0.48")
    assert (book.trust, book.heard_ms) == (Trust.TRUSTED, at(500))


def test_an_answer_never_moves_a_raw_top() -> None:
    book = a_trusted_book()

    book.apply(a_book(YES, {"0.40": "1"}, {"0.60": "1"}, said=50, heard=60, origin=Origin.REST))

    assert book.raw_yes == TOP
    assert book.mirror_holds() is False


def test_one_silent_token_is_asked_for_although_its_twin_talks() -> None:
    book = a_trusted_book()
    for second in range(1, 11):
        change = a_change(("bid", "0.40", str(second)), said=second * 1_000, heard=second * 1_000, yes=TOP)
        book.apply(change)
        book.judge_frame(at(second * 1_000))

    notes = book.tick(at(10_000))

    assert notes == (ResyncWanted(MARKET, "no token silent", at(10_000)),)


def test_a_lost_feed_forgets_the_tops_and_only_fresh_snapshots_bring_trust_back() -> None:
    book = a_trusted_book()

    book.feed_lost(at(100))
    assert (book.trust, book.mirror_holds()) == (Trust.STALE, None)
    book.apply(a_book(YES, BIDS, ASKS, said=0, heard=110, origin=Origin.REST))
    assert trust(book) is Trust.STALE, "an answer while the channel is down proves nothing about the channel"

    book.feed_back(at(200))
    assert trust(book) is Trust.SYNCING
    book.apply(a_book(YES, BIDS, ASKS, said=-50, heard=210))
    book.apply(a_book(NO, *mirrored_sides(BIDS, ASKS), said=-50, heard=210))
    book.judge_frame(at(210))

    assert trust(book) is Trust.TRUSTED


def test_a_pause_outlasts_good_frames_and_ends_with_a_question() -> None:
    book = a_trusted_book()

    book.paused(at(10), "post-only mode")
    book.apply(a_change(("bid", "0.40", "3"), said=20, heard=20, yes=TOP, no=mirror(TOP)))
    book.judge_frame(at(20))
    assert trust(book) is Trust.PAUSED
    notes = book.resumed(at(30))

    assert trust(book) is Trust.SYNCING
    assert [type(note) for note in notes] == [TrustChanged, ResyncWanted]


def test_time_is_booked_to_the_state_it_passed_in() -> None:
    book = a_trusted_book()

    book.tick(at(10_000))
    book.tick(at(13_000))
    book.tick(at(14_000))

    assert book.trust_ms[Trust.TRUSTED] == 13_000
    assert book.trust_ms[Trust.STALE] == 1_000


def test_an_episode_of_a_raw_ask_sum_below_one_is_counted_once_with_its_span_and_lowest_sum() -> None:
    book = a_trusted_book()
    no_word = a_top("0.47", "0.48")
    for ms, ask in ((10, "0.51"), (20, "0.50"), (30, "0.51")):
        book.apply(a_change(said=ms, heard=ms, yes=a_top("0.48", ask), no=no_word))
        assert book.judge_frame(at(ms)) == ()

    book.apply(a_change(said=40, heard=40, yes=TOP, no=no_word))
    notes = book.judge_frame(at(40))

    assert notes == (PhantomEnded(MARKET, at(10), at(40), price("0.98")),)
    assert book.phantoms == 1


def test_a_phantom_ends_when_the_sum_is_one_again() -> None:
    book = a_trusted_book()
    book.apply(a_change(("bid", "0.53", "1"), said=10, heard=10, no=a_top("0.48", "0.47")))
    book.judge_frame(at(10))
    assert (book.phantoms, book.phantom_since_ms, book.mirror_holds()) == (1, at(10), False)

    book.apply(
        a_change(("ask", "0.52", "0"), said=17, heard=17, yes=a_top("0.53", "0.53"), no=a_top("0.47", "0.47"))
    )
    notes = book.judge_frame(at(17))

    assert PhantomEnded(MARKET, at(10), at(17), Price(9_900)) in notes
    assert (book.phantoms, book.phantom_since_ms) == (1, None)


def test_a_lost_feed_ends_an_open_phantom() -> None:
    book = a_trusted_book()
    book.apply(a_change(said=10, heard=10, no=a_top("0.48", "0.47")))
    book.judge_frame(at(10))

    notes = book.feed_lost(at(30))

    assert notes[0] == PhantomEnded(MARKET, at(10), at(30), Price(9_900))


def test_a_sweep_takes_the_best_first_and_rounds_against_us() -> None:
    book = a_trusted_book()

    swept = book.sweep(YES, Side.BUY, shares("100"), price("0.53"))
    assert (swept.filled, swept.amount, swept.worst) == (shares("100"), usdc("52.2"), price("0.53"))

    swept = book.sweep(NO, Side.BUY, shares("120"), price("0.52"))
    assert (swept.filled, swept.amount, swept.worst) == (shares("100"), usdc("52"), price("0.52"))

    swept = book.sweep(NO, Side.SELL, shares("0.000003"), price("0.48"))
    assert (swept.filled, swept.amount) == (3, 1)

    swept = book.sweep(YES, Side.BUY, shares("0.000003"), price("0.52"))
    assert (swept.filled, swept.amount) == (3, 2)


def test_a_sweep_beyond_the_limit_gets_nothing() -> None:
    swept = a_trusted_book().sweep(YES, Side.BUY, shares("10"), price("0.51"))

    assert (swept.filled, swept.amount, swept.worst) == (0, 0, None)
