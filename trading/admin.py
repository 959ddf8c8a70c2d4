"""Trading in the Django admin: to read, filter and search. Amounts are shown as decimals."""

from django.contrib import admin

from infra.fact_admin import FactAdmin, moment, price, shares, usdc
from trading.models import Account, Decision, Entry, Fence, Fill, Mark, Order, StepFailure, WalletAction


@admin.register(Account)
class AccountAdmin(FactAdmin):
    list_display = ["mode", "name", "start_cash_usdc", "opened"]
    list_filter = ["mode"]
    search_fields = ["name"]
    start_cash_usdc = usdc("start_cash")
    opened = moment("opened_ms")


@admin.register(Fence)
class FenceAdmin(FactAdmin):
    list_display = ["name", "number", "writes"]
    search_fields = ["name"]


@admin.register(Order)
class OrderAdmin(FactAdmin):
    list_display = [
        "written",
        "market_id",
        "side",
        "outcome",
        "limit",
        "size",
        "filled_shares",
        "kind",
        "status",
        "reason",
        "shard",
    ]
    list_filter = ["account", "status", "side", "outcome", "kind", "purpose", "strategy", "shard"]
    search_fields = ["key", "order_id", "market_id"]
    list_select_related = ["account"]
    written = moment("written_ms")
    limit = price("price")
    size = shares("shares")
    filled_shares = shares("filled")


@admin.register(Fill)
class FillAdmin(FactAdmin):
    list_display = [
        "heard",
        "market_id",
        "side",
        "outcome",
        "size",
        "price",
        "amount_usdc",
        "fee_usdc",
        "evidence",
        "status",
    ]
    list_filter = ["account", "evidence", "status", "side", "outcome"]
    search_fields = ["fill_id", "market_id", "order__key", "order__order_id"]
    heard = moment("heard_ms")
    size = shares("shares")
    amount_usdc = usdc("amount")
    fee_usdc = usdc("fee")


@admin.register(WalletAction)
class WalletActionAdmin(FactAdmin):
    list_display = [
        "planned",
        "kind",
        "market_id",
        "yes_shares",
        "no_shares",
        "state",
        "received_usdc",
        "moved",
        "reason",
    ]
    list_filter = ["account", "kind", "state"]
    search_fields = ["action_id", "market_id", "transaction_id", "tx_hash"]
    planned = moment("planned_ms")
    moved = moment("moved_ms")
    yes_shares = shares("yes")
    no_shares = shares("no")
    received_usdc = usdc("received")


@admin.register(Entry)
class EntryAdmin(FactAdmin):
    list_display = ["at", "account", "market_id", "kind", "outcome", "gained_shares", "gained_usdc", "note"]
    list_filter = ["account", "kind", "outcome", "strategy"]
    search_fields = ["market_id", "fill__fill_id", "note", "writer"]
    list_select_related = ["account"]
    at = moment("at_ms", "at")
    gained_shares = shares("shares")
    gained_usdc = usdc("usdc", "gained")


@admin.register(Mark)
class MarkAdmin(FactAdmin):
    list_display = ["at", "account", "market_id", "yes_shares", "no_shares", "worth_usdc", "sure"]
    list_filter = ["account", "sure"]
    search_fields = ["market_id"]
    list_select_related = ["account"]
    at = moment("at_ms", "at")
    yes_shares = shares("yes")
    no_shares = shares("no")
    worth_usdc = usdc("worth")


@admin.register(Decision)
class DecisionAdmin(FactAdmin):
    list_display = ["at", "market_id", "strategy", "sequence", "verdict", "gate"]
    list_filter = ["account", "strategy", "verdict", "gate"]
    search_fields = ["market_id", "gate"]
    at = moment("at_ms", "at")


@admin.register(StepFailure)
class StepFailureAdmin(FactAdmin):
    list_display = ["at", "market_id", "error"]
    list_filter = ["account"]
    search_fields = ["market_id", "error"]
    at = moment("at_ms", "at")
