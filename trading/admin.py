"""Trading in the Django admin: to read, filter and search. Amounts are shown as decimals."""

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.forms import ActionForm

from infra import clock
from infra.fact_admin import FactAdmin, moment, price, shares, usdc
from risk import services as services_of_risk
from risk.errors import CannotResolve, RiskError
from trading import services
from trading.models import (
    Account,
    Decision,
    Difference,
    Entry,
    Fence,
    Fill,
    Mark,
    Order,
    Reconciliation,
    Resolution,
    StepFailure,
    WalletAction,
)


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


@admin.register(Reconciliation)
class ReconciliationAdmin(FactAdmin):
    list_display = ["at", "account", "trigger", "is_clean", "differing", "mismatches", "silent"]
    list_filter = ["account", "trigger", "is_clean"]
    list_select_related = ["account"]
    search_fields = ["trigger"]
    at = moment("at_ms", "at")


class ReasonForm(ActionForm):  # type: ignore[misc]
    """Asked beside the action: what loosens or books something needs a reason."""

    reason = forms.CharField(
        max_length=300, required=False, widget=forms.TextInput({"placeholder": "reason"})
    )


@admin.register(Difference)
class DifferenceAdmin(FactAdmin):
    """Append-only, with one action: take over the other side's word (``trading.reconcile.act``)."""

    list_display = ["at", "kind", "market_id", "outcome", "our_figure", "their_figure", "runs", "mismatch"]
    list_filter = ["account", "kind", "mismatch"]
    search_fields = ["market_id", "order_id", "fill_id", "key"]
    list_select_related = ["account"]
    at = moment("at_ms", "at")
    our_figure = shares("ours")
    their_figure = shares("theirs")
    action_form = ReasonForm
    actions = ["resolve"]

    @admin.action(description="Take over the venue's word (needs a reason)", permissions=["view"])
    def resolve(self, request: HttpRequest, queryset: QuerySet[Difference]) -> None:
        """Each by itself: one that cannot be resolved keeps none of the others."""
        by = services_of_risk.by_session(request)
        reason = str(request.POST.get("reason", ""))
        for row in queryset.order_by("pk"):
            try:
                if by is None:
                    raise CannotResolve("you have no role here")
                made = services.resolve_difference(row.pk, reason=reason, by=by, at=clock.now_ms())
                self.message_user(request, f"{row}: {made.how}, by {made.by_name}", messages.SUCCESS)
            except RiskError as refused:
                self.message_user(request, f"{row}: {refused}", messages.ERROR)


@admin.register(Resolution)
class ResolutionAdmin(FactAdmin):
    list_display = ["at", "key", "how", "by_name", "reason"]
    list_filter = ["account", "how"]
    search_fields = ["key", "by_name", "reason"]
    list_select_related = ["account"]
    at = moment("at_ms", "at")


@admin.register(StepFailure)
class StepFailureAdmin(FactAdmin):
    list_display = ["at", "market_id", "error"]
    list_filter = ["account"]
    search_fields = ["market_id", "error"]
    at = moment("at_ms", "at")
