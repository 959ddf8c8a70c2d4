"""Feeds in the Django admin: to read, filter and search."""

from django.contrib import admin

from feeds.models import Market, Match, Outcome, SourceHealth
from infra.fact_admin import FactAdmin, decimal, moment, price, shares


@admin.register(Match)
class MatchAdmin(FactAdmin):
    list_display = ["title", "game", "tournament", "best_of", "starts", "heard", "ended", "venue"]
    list_filter = ["venue", "game"]
    search_fields = ["match_id", "title", "tournament"]
    starts = moment("starts_ms")
    heard = moment("heard_ms")
    ended = moment("ended_ms")


@admin.register(Market)
class MarketAdmin(FactAdmin):
    list_display = [
        "title",
        "kind",
        "state",
        "paid_yes",
        "tick_size",
        "smallest_order",
        "fee",
        "version",
        "neg_risk",
        "starts",
        "seen",
        "venue",
    ]
    list_filter = ["venue", "state", "kind", "match__game", "version", "neg_risk"]
    search_fields = ["market_id", "slug", "title", "event_id", "outcomes__token_id"]
    list_select_related = ["match"]
    paid_yes = price("payout")
    tick_size = price("tick")
    smallest_order = shares("min_size")
    fee = decimal("fee_rate", places=6, label="fee rate")
    starts = moment("starts_ms")
    seen = moment("seen_ms")


@admin.register(Outcome)
class OutcomeAdmin(FactAdmin):
    list_display = ["name", "index", "market", "token_id"]
    list_filter = ["market__venue", "index"]
    search_fields = ["token_id", "name", "market__market_id", "market__title"]
    list_select_related = ["market"]


@admin.register(SourceHealth)
class SourceHealthAdmin(FactAdmin):
    list_display = ["source", "status", "since", "heard", "checked", "reconnects", "detail", "venue"]
    list_filter = ["venue", "status"]
    search_fields = ["source", "detail"]
    since = moment("since_ms")
    heard = moment("heard_ms")
    checked = moment("checked_ms")
