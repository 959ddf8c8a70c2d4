"""What the sources say, kept: new, changed, again, clashing, gone; and of the venue in use only."""

from dataclasses import replace

import pytest
from django.db import IntegrityError, transaction
from pytest_django import Settings

from core.events import SignalKind
from core.ids import MarketId, MatchId
from core.units import ONE, Ms, Price
from feeds import selectors, services
from feeds.listings import MarketState, Protocol, SourceStatus
from feeds.models import Market, Match, Outcome, SourceHealth
from feeds.selectors import VenueTerms
from polyloly_site.env import Venue
from tests.feeds.builders import MATCH, a_listing, a_match, a_signal, described
from tests.feeds.gamma import NOON, condition

pytestmark = pytest.mark.django_db
LATER = Ms(NOON + 300_000)


def at_polymarket(settings: Settings) -> None:
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"venue": Venue.POLYMARKET})


def test_a_new_market_comes_back_as_it_was_listed() -> None:
    listing = a_listing()

    saved = services.save_listings([described(listing)], heard_ms=NOON)

    assert saved.new == (listing.market,)
    assert selectors.listed_markets() == [replace(listing.market, heard_ms=NOON)]
    assert Match.objects.get().teams == ["Red", "Blue"]


def test_reading_the_same_again_changes_only_when_it_was_seen() -> None:
    services.save_listings([described(a_listing())], heard_ms=NOON)

    saved = services.save_listings([described(a_listing())], heard_ms=LATER)

    assert (saved.new, saved.changed) == ((), ())
    assert Market.objects.values_list("found_ms", "seen_ms").get() == (NOON, LATER)


def test_changed_terms_are_saved_and_said() -> None:
    services.save_listings([described(a_listing())], heard_ms=NOON)
    finer = a_listing(tick=Price(10), fees=None)

    saved = services.save_listings([described(finer)], heard_ms=LATER)

    assert saved.changed == (finer.market,)
    (listed,) = selectors.listed_markets()
    assert (listed.tick, listed.fees) == (Price(10), None)


def test_the_terms_of_signing_are_kept_by_market_and_changes_are_said() -> None:
    services.save_listings([described(a_listing(1), a_listing(2, neg_risk=True))], heard_ms=NOON)
    moved = a_listing(1, protocol=Protocol.V2)

    saved = services.save_listings([described(moved)], heard_ms=LATER)

    assert saved.changed == (moved.market,)
    wanted = [MarketId(condition(number)) for number in (1, 2, 3)]
    assert selectors.venue_terms(wanted) == {
        condition(1): VenueTerms(neg_risk=False, version="v2"),
        condition(2): VenueTerms(neg_risk=True, version="v1"),
    }


def test_only_open_markets_are_listed_and_those_asked_for_by_name() -> None:
    closed = a_listing(2, state=MarketState.CLOSED)
    resolved = a_listing(3, state=MarketState.RESOLVED, payout=ONE)
    suspended = a_listing(4, state=MarketState.SUSPENDED)
    services.save_listings([described(a_listing(1), closed, resolved, suspended)], heard_ms=NOON)

    assert [market.market_id for market in selectors.listed_markets()] == [condition(1)]
    also = selectors.listed_markets(also=[MarketId(condition(2)), MarketId("nobody's")])
    assert [market.market_id for market in also] == [condition(1), condition(2)]


def test_resolutions_tell_what_yes_was_paid() -> None:
    listings = (
        a_listing(1),
        a_listing(2, state=MarketState.RESOLVED, payout=ONE),
        a_listing(3, state=MarketState.RESOLVED, payout=Price(0)),
        a_listing(4, state=MarketState.RESOLVED, payout=Price(5_000)),
    )
    services.save_listings([described(*listings)], heard_ms=NOON)

    paid = selectors.resolutions([MarketId(condition(number)) for number in (1, 2, 3)])

    assert paid == {condition(2): ONE, condition(3): 0}


def test_a_market_that_opens_again_is_open_again() -> None:
    services.save_listings([described(a_listing(state=MarketState.RESOLVED, payout=ONE))], heard_ms=NOON)

    services.save_listings([described(a_listing())], heard_ms=LATER)

    assert selectors.resolutions([MarketId(condition(1))]) == {}
    assert len(selectors.listed_markets()) == 1


def test_a_market_with_the_token_of_another_is_not_saved() -> None:
    services.save_listings([described(a_listing(1))], heard_ms=NOON)
    thief = a_listing(2, no_token=a_listing(1).market.yes_token)

    saved = services.save_listings([described(thief, a_listing(3))], heard_ms=LATER)

    assert saved.clashing == (thief.market,)
    assert saved.new == (a_listing(3).market,)
    assert not Market.objects.filter(pk=condition(2)).exists()


def test_two_new_markets_with_one_token_are_told_apart_by_who_came_first() -> None:
    first, second = a_listing(1), a_listing(2, yes_token=a_listing(1).market.yes_token)

    saved = services.save_listings([described(first, second)], heard_ms=NOON)

    assert (saved.new, saved.clashing) == ((first.market,), (second.market,))


@pytest.mark.parametrize("swapped", [True, False])
def test_a_market_whose_tokens_changed_keeps_the_old_ones(swapped: bool) -> None:
    listing = a_listing()
    services.save_listings([described(listing)], heard_ms=NOON)
    market = listing.market
    tokens = (market.no_token, market.yes_token) if swapped else ("77", "78")
    changed = a_listing(yes_token=tokens[0], no_token=tokens[1])

    saved = services.save_listings([described(changed)], heard_ms=LATER)

    assert saved.clashing == (changed.market,)
    assert [row.token_id for row in Outcome.objects.all()] == [market.yes_token, market.no_token]


def test_markets_the_venue_no_longer_knows_are_closed_once() -> None:
    resolved = a_listing(2, state=MarketState.RESOLVED, payout=ONE)
    services.save_listings([described(a_listing(1), resolved)], heard_ms=NOON)
    ids = [MarketId(condition(1)), MarketId(condition(2))]

    assert services.close_missing(ids) == 1
    assert services.close_missing(ids) == 0
    assert selectors.listed_markets() == []
    assert selectors.resolutions(ids) == {condition(2): ONE}


def test_venues_do_not_see_each_other(settings: Settings) -> None:
    services.save_listings([described(a_listing())], heard_ms=NOON)
    services.record_health("matches", SourceStatus.CONNECTED, NOON, "fine", at_ms=NOON)

    at_polymarket(settings)

    assert selectors.listed_markets(also=[MarketId(condition(1))]) == []
    assert selectors.market_rows() == []
    assert selectors.source_health() == []
    assert selectors.market_id_of(condition(1)) is None
    assert services.close_missing([MarketId(condition(1))]) == 0


def test_a_market_is_found_by_id_and_by_a_slug_that_fits_one() -> None:
    twins = (a_listing(2, slug="twins"), a_listing(3, slug="twins"))
    services.save_listings([described(a_listing(1, slug="red-blue"), *twins)], heard_ms=NOON)

    assert selectors.market_id_of(condition(1)) == condition(1)
    assert selectors.market_id_of("red-blue") == condition(1)
    assert selectors.market_id_of("twins") is None
    assert selectors.market_id_of("nothing") is None


def test_long_texts_are_cut_and_do_not_look_changed_ever_after() -> None:
    long = a_listing(title="x" * 999, slug="y" * 999, yes_name="z" * 999)
    services.save_listings([described(long, match=a_match(title="t" * 999))], heard_ms=NOON)

    assert (
        services.save_listings([described(long, match=a_match(title="t" * 999))], heard_ms=LATER).changed
        == ()
    )


def test_rows_that_contradict_themselves_are_refused_by_the_database() -> None:
    services.save_listings([described(a_listing())], heard_ms=NOON)
    for fields in ({"payout": 10_000}, {"state": "resolved"}, {"tick": 0}, {"fee_rate": None}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Market.objects.update(**fields)


def test_the_last_word_about_a_match_is_kept() -> None:
    services.save_match(a_match(), a_signal(SignalKind.SCORE))

    row = Match.objects.get()
    assert row.state["score"] == [3, 1]
    assert (row.heard_ms, row.ended_ms) == (NOON, None)


def test_a_match_ends_once_and_plays_on_when_its_source_says_so() -> None:
    services.save_match(a_match(), a_signal(SignalKind.ENDED))
    services.save_match(a_match(), a_signal(SignalKind.ENDED, heard_ms=LATER))
    assert Match.objects.get().ended_ms == NOON

    services.save_match(a_match(), a_signal(SignalKind.STATE, heard_ms=LATER))
    assert Match.objects.get().ended_ms is None


def test_the_feed_does_not_rename_what_discovery_described() -> None:
    services.save_listings([described(a_listing())], heard_ms=NOON)

    services.save_match(a_match(title="Red vs Blue", starts_ms=None), a_signal())

    assert Match.objects.values_list("title", "starts_ms").get() == (a_match().title, NOON)


def test_discovery_completes_what_the_feed_described() -> None:
    services.save_match(a_match(title="Red vs Blue", starts_ms=None), a_signal())

    services.save_listings([described(a_listing())], heard_ms=LATER)

    row = Match.objects.get()
    assert (row.title, row.starts_ms, row.heard_ms) == (a_match().title, NOON, NOON)


def test_since_moves_when_the_status_does() -> None:
    services.record_health("matches", SourceStatus.CONNECTED, NOON, "fine", at_ms=NOON)
    services.record_health("matches", SourceStatus.CONNECTED, LATER, "fine", at_ms=LATER)
    assert SourceHealth.objects.values_list("since_ms", "heard_ms").get() == (NOON, LATER)

    services.record_health("matches", SourceStatus.LOST, None, "closed", at_ms=Ms(LATER + 1), reconnects=2)

    (row,) = selectors.source_health()
    assert (row.status, row.since_ms, row.heard_ms) == (SourceStatus.LOST, LATER + 1, LATER)
    assert (row.checked_ms, row.detail, row.reconnects) == (LATER + 1, "closed", 2)


def test_a_match_without_markets_and_words_is_not_shown() -> None:
    listings = {
        "starts soon": (a_listing(1, match_id=MatchId("s:1")), a_match(MatchId("s:1"), starts_ms=LATER)),
        "starts tomorrow": (
            a_listing(2, match_id=MatchId("s:2")),
            a_match(MatchId("s:2"), starts_ms=Ms(NOON + 86_400_000)),
        ),
        "settled": (
            a_listing(3, match_id=MatchId("s:3"), state=MarketState.RESOLVED, payout=ONE),
            a_match(MatchId("s:3")),
        ),
    }
    services.save_listings(
        [described(listing, match=match) for listing, match in listings.values()], heard_ms=NOON
    )

    assert [row.match_id for row in selectors.match_rows(at=NOON)] == ["s:1"]


@pytest.mark.parametrize(("ago_ms", "shown"), [(60_000, 1), (900_000, 0), (-3_600_000, 0)])
def test_a_match_that_ended_is_shown_for_ten_minutes(ago_ms: int, shown: int) -> None:
    services.save_match(a_match(), a_signal(SignalKind.ENDED, heard_ms=Ms(NOON - ago_ms)))

    assert [row.match_id for row in selectors.match_rows(at=NOON)] == [MATCH] * shown


def test_every_row_has_words() -> None:
    services.save_listings([described(a_listing())], heard_ms=NOON)
    services.record_health("matches", SourceStatus.CONNECTED, NOON, "fine", at_ms=NOON)

    assert str(Market.objects.get()) == "LoL: Red vs Blue (BO3) - Spring Cup, open"
    assert [str(row) for row in Outcome.objects.all()] == ["Red (yes)", "Blue (no)"]
    assert str(Match.objects.get()) == "LoL: Red vs Blue (BO3) - Spring Cup"
    assert str(SourceHealth.objects.get()) == "matches: connected"
