"""Risk in the Django admin: to read and to search. Controls are in the console, where they are recorded."""

from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest

from infra.fact_admin import FactAdmin, moment, usdc
from risk.models import (
    Alert,
    ApiToken,
    Arming,
    Audit,
    Breaker,
    Budget,
    Consent,
    DayStart,
    Delivery,
    Halt,
    HaltReport,
    HaltRound,
    Incident,
    IncidentNote,
    LimitsVersion,
    MarketHalt,
    Preflight,
    Runner,
    Valuation,
)


@admin.register(Halt)
class HaltAdmin(FactAdmin):
    list_display = ["began", "code", "detail", "by_name", "pressed", "ended", "ended_by_name", "ended_reason"]
    list_filter = ["code", ("ended", admin.EmptyFieldListFilter)]
    search_fields = ["detail", "by_name", "ended_by_name", "ended_reason"]
    date_hierarchy = "began"


@admin.register(MarketHalt)
class MarketHaltAdmin(FactAdmin):
    list_display = ["began", "market_id", "code", "detail", "by_name", "pressed", "ended", "ended_reason"]
    list_filter = ["code", ("ended", admin.EmptyFieldListFilter)]
    search_fields = ["market_id", "detail", "by_name", "ended_by_name", "ended_reason"]
    date_hierarchy = "began"


@admin.register(HaltRound)
class HaltRoundAdmin(FactAdmin):
    list_display = ["asked", "halt", "market_halt", "number", "by_name", "committed", "expected"]
    search_fields = ["by_name", "halt__detail", "market_halt__market_id"]
    list_select_related = ["halt", "market_halt"]


@admin.register(HaltReport)
class HaltReportAdmin(FactAdmin):
    list_display = [
        "round",
        "runner",
        "acked",
        "orders_open",
        "cancelled",
        "asked",
        "open_left",
        "unknown_left",
        "proven",
    ]
    list_filter = ["runner", ("proven", admin.EmptyFieldListFilter)]
    search_fields = ["runner", "open_ids", "unknown_ids"]
    list_select_related = ["round__halt", "round__market_halt"]


@admin.register(Runner)
class RunnerAdmin(FactAdmin):
    list_display = ["name", "enlisted", "left"]
    search_fields = ["name"]


@admin.register(Valuation)
class ValuationAdmin(FactAdmin):
    list_display = [
        "at",
        "account_id",
        "equity_usdc",
        "cash_usdc",
        "realized_usdc",
        "unrealized_usdc",
        "marked",
    ]
    list_filter = ["account_id", "marked"]
    readonly_fields = ["at", "equity_usdc", "cash_usdc", "realized_usdc", "unrealized_usdc", "exposure_usdc"]
    at = moment("at_ms", "at")
    equity_usdc = usdc("equity")
    cash_usdc = usdc("cash")
    realized_usdc = usdc("realized")
    unrealized_usdc = usdc("unrealized")
    exposure_usdc = usdc("exposure")


@admin.register(DayStart)
class DayStartAdmin(FactAdmin):
    list_display = ["day", "account_id", "at", "equity_usdc", "realized_usdc", "deposited_usdc"]
    list_filter = ["account_id"]
    date_hierarchy = "day"
    at = moment("at_ms", "at")
    equity_usdc = usdc("equity")
    realized_usdc = usdc("realized")
    deposited_usdc = usdc("deposited")


@admin.register(Audit)
class AuditAdmin(FactAdmin):
    list_display = ["at", "who", "role", "from_address", "what", "target", "outcome", "reason"]
    list_filter = ["what", "outcome", "role"]
    search_fields = ["who", "target", "reason", "from_address"]
    date_hierarchy = "at"


@admin.register(LimitsVersion)
class LimitsVersionAdmin(FactAdmin):
    list_display = ["number", "at", "by_name", "reason", "values"]
    search_fields = ["by_name", "reason", "values"]
    date_hierarchy = "at"


@admin.register(Budget)
class BudgetAdmin(FactAdmin):
    list_display = [
        "shard",
        "number",
        "limits_number",
        "total_usdc",
        "group_usdc",
        "loss_usdc",
        "orders_per_s",
        "cash_usdc",
        "dealt",
        "acked",
    ]
    list_filter = ["shard", ("acked", admin.EmptyFieldListFilter)]
    search_fields = ["shard"]
    readonly_fields = ["total_usdc", "group_usdc", "loss_usdc", "cash_usdc"]
    total_usdc = usdc("total_exposure")
    group_usdc = usdc("group_exposure")
    loss_usdc = usdc("daily_loss")
    cash_usdc = usdc("cash")


@admin.register(Breaker)
class BreakerAdmin(FactAdmin):
    list_display = ["opened", "market_id", "code", "detail", "tripped", "until", "half_open", "ended"]
    list_filter = ["code", ("ended", admin.EmptyFieldListFilter)]
    search_fields = ["market_id", "detail", "ended_reason"]
    date_hierarchy = "opened"


@admin.register(Alert)
class AlertAdmin(FactAdmin):
    list_display = ["began", "severity", "text", "code", "times", "last", "acknowledged", "ended"]
    list_filter = ["severity", "mode", "code", ("ended", admin.EmptyFieldListFilter)]
    search_fields = ["key", "text", "market_id", "acknowledged_by_name"]
    date_hierarchy = "began"


@admin.register(Delivery)
class DeliveryAdmin(FactAdmin):
    list_display = ["at", "alert", "kind", "channel", "number", "succeeded", "over", "detail"]
    list_filter = ["kind", "channel", "succeeded"]
    search_fields = ["alert__text", "alert__key", "channel", "detail"]
    list_select_related = ["alert"]
    date_hierarchy = "at"


@admin.register(Preflight)
class PreflightAdmin(FactAdmin):
    list_display = ["at", "mode", "wallet", "by_name", "passed"]
    list_filter = ["passed", "mode"]
    search_fields = ["by_name", "checks"]
    date_hierarchy = "at"


@admin.register(Arming)
class ArmingAdmin(FactAdmin):
    list_display = [
        "began",
        "mode",
        "wallet",
        "by_name",
        "reason",
        "used",
        "ended",
        "ended_by_name",
        "ended_reason",
    ]
    list_filter = [("ended", admin.EmptyFieldListFilter), "mode"]
    search_fields = ["wallet", "by_name", "reason", "ended_by_name", "ended_reason", "process"]
    date_hierarchy = "began"


@admin.register(Consent)
class ConsentAdmin(FactAdmin):
    list_display = ["asked", "what", "asked_by", "reason", "expires", "given", "given_by", "used"]
    list_filter = ["what", ("given", admin.EmptyFieldListFilter)]
    search_fields = ["reason", "asked_by__username", "given_by__username"]
    list_select_related = ["asked_by", "given_by"]
    date_hierarchy = "asked"


# People are changed by manage.py make_user, set_role and let_go, which are recorded; not by Django's own forms.
admin.site.unregister([User, Group])


@admin.register(User)
class UserAdmin(FactAdmin):
    list_display = ["username", "roles", "is_active", "is_superuser", "is_staff", "last_login"]
    list_filter = ["groups", "is_active", "is_superuser"]
    search_fields = ["username"]
    fields = ["username", "groups", "is_active", "is_superuser", "is_staff", "date_joined", "last_login"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        people: QuerySet[User] = super().get_queryset(request).prefetch_related("groups")
        return people

    @admin.display(description="groups")
    def roles(self, user: User) -> str:
        return ", ".join(group.name for group in user.groups.all()) or "none"


@admin.register(Group)
class GroupAdmin(FactAdmin):
    list_display = ["name", "people"]
    fields = ["name"]

    @admin.display(description="people")
    def people(self, group: Group) -> str:
        return ", ".join(group.user_set.order_by("username").values_list("username", flat=True)) or "nobody"


@admin.register(ApiToken)
class ApiTokenAdmin(FactAdmin):
    list_display = ["pk", "user", "name", "shown", "scope", "made", "expires", "used", "revoked"]
    list_filter = ["scope", ("revoked", admin.EmptyFieldListFilter)]
    search_fields = ["user__username", "name", "shown"]
    list_select_related = ["user"]
    exclude = ["digest"]


@admin.register(Incident)
class IncidentAdmin(FactAdmin):
    list_display = [
        "opened",
        "severity",
        "title",
        "began",
        "opened_by_name",
        "closed",
        "closed_by_name",
        "cause",
    ]
    list_filter = ["severity", "mode", ("closed", admin.EmptyFieldListFilter)]
    search_fields = ["title", "cause", "opened_by_name", "closed_by_name"]
    date_hierarchy = "opened"


@admin.register(IncidentNote)
class IncidentNoteAdmin(FactAdmin):
    list_display = ["at", "incident", "kind", "by_name", "text"]
    list_filter = ["kind"]
    search_fields = ["text", "by_name", "incident__title"]
    list_select_related = ["incident"]
