"""The Django admin shows every row of risk and trading and lets nobody change one."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from core.notes import Booked
from core.units import Ms, shares
from infra.append_only import FactChanged
from infra.clock import to_datetime
from risk import services as risk
from risk.access.people import Role
from risk.models import (
    Alert,
    ApiToken,
    Arming,
    Audit,
    Breaker,
    Budget,
    Consent,
    Delivery,
    Incident,
    IncidentNote,
    LimitsVersion,
    Preflight,
)
from tests.risk.conftest import acknowledge, value, with_role
from tests.trading.conftest import MARKET, NOON, a_buy, a_deposit, a_fill, a_place, write
from trading import services
from trading.models import (
    Account,
    Decision,
    Difference,
    Entry,
    Mark,
    Reconciliation,
    Resolution,
    StepFailure,
    WalletKind,
)
from trading.records.batch import Batch

pytestmark = pytest.mark.django_db

MODELS = [model for model in admin.site._registry if model._meta.app_label in {"risk", "trading"}]


@pytest.fixture
def filled(account: Account, fence: int) -> None:
    """One row of everything."""
    place = a_place()
    write(place, account=account, fence=fence)
    fill = a_fill(place.key)
    Batch(
        [fill, Booked((a_deposit(), a_buy(fill)))], account_id=account.pk, writer="w", entries_before=0
    ).write()
    common = {"account": account, "market_id": MARKET, "at_ms": NOON}
    Decision.objects.create(
        **common, strategy="pair_arb", sequence=1, verdict="no", gate="edge", gates=[], intents=[]
    )
    services.plan_wallet_action(
        account_id=account.pk,
        action_id="shard merge",
        market_id=MARKET,
        kind=WalletKind.MERGE,
        yes=shares("60"),
        no=shares("60"),
        payout=None,
        at_ms=NOON,
    )
    StepFailure.objects.create(**common, event={}, error="ValueError: no")
    Mark.objects.create(**common, yes=5_000_000, no=0, worth=2_500_000, sure=True)
    reconciled(account)
    by = risk.process("test")
    risk.enlist_runner("shard:0", at=NOON)
    made = risk.halt_trading(code=risk.HaltCode.MANUAL, detail="odd", by=by, at=NOON)
    risk.halt_market(market_id=MARKET, code=risk.MarketHaltCode.MANUAL, detail="odd", by=by, at=NOON)
    acknowledge(made.round_id)
    value("10000", at=Ms(NOON))
    agreed()
    told()


def reconciled(account: Account) -> None:
    """Cash that differed, and what was done about it."""
    facts = {"account": account, "at_ms": NOON}
    run = Reconciliation.objects.create(
        **facts,
        trigger="schedule",
        took_ms=5,
        is_clean=False,
        differing=1,
        mismatches=0,
        judged=["balances"],
        silent=[],
        unjudged=[],
        counts={},
    )
    found = Difference.objects.create(
        **facts,
        reconciliation=run,
        kind="wrong_balance",
        key="wrong_balance:cash:less",
        ours=1_000_000,
        theirs=500_000,
        effect=[[None, None, -500_000]],
        evidence=[["chain", "0.5 USDC"]],
        runs=1,
        first_ms=NOON,
        mismatch=False,
    )
    Resolution.objects.create(
        **facts,
        difference=found,
        key=found.key,
        how="adjusted",
        by_name="rita",
        reason="counted by hand",
        settles=[],
        before={},
        after={},
        events=[],
    )


def agreed() -> None:
    """What people agreed on and what runs out by itself."""
    at, person = to_datetime(NOON), User.objects.create_user("petra")
    amounts = dict.fromkeys(("total_exposure", "group_exposure", "daily_loss"), 5_000_000_000)
    LimitsVersion.objects.create(number=1, at=at, by_name="config", reason="first", values={}, before={})
    Budget.objects.create(**amounts, shard="shard:0", number=1, limits_number=1, orders_per_s=5, dealt=at)
    Breaker.objects.create(
        market_id=MARKET, code="rejects", detail="three rejects", tripped=1, opened=at, until=at
    )
    preflight = Preflight.objects.create(at=at, by_name="petra", passed=True, checks=[])
    Arming.objects.create(preflight=preflight, reason="go", began=at, by_name="petra", process="shard")
    Consent.objects.create(
        what="reset", about="halt 1", reason="calm again", asked=at, asked_by=person, expires=at
    )
    ApiToken.objects.create(
        user=person, name="bot", digest="d" * 64, shown="pl_ab", scope="read", made=at, made_by_name="petra"
    )


def told() -> None:
    """Something to tell somebody, and that it was told."""
    at = to_datetime(NOON)
    alert = Alert.objects.create(
        key="kill_switch", code="kill_switch", severity=0, text="odd", mode="demo", began=at, last=at, times=1
    )
    Delivery.objects.create(
        alert=alert,
        kind="first",
        channel="tgram",
        at=at,
        number=1,
        succeeded=True,
        over=False,
        detail="told",
    )
    incident = Incident.objects.create(
        title="odd", severity=1, mode="demo", began=at, opened=at, opened_by_name="olga", alert=alert
    )
    IncidentNote.objects.create(incident=incident, at=at, by_name="olga", kind="note", text="looking")


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(with_role(User.objects.create_user("olga", is_staff=True), Role.OPERATOR))
    return client


@pytest.fixture
def superuser() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("rita", password="a long passphrase"))
    return client


def page(model: type[Model], kind: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{kind}", args=args)


def test_every_model_is_there() -> None:
    assert len(MODELS) == 31


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_staff_see_and_search_every_row(staff: Client, model: type[Model]) -> None:
    row = model._default_manager.first()
    assert row is not None

    listed = staff.get(page(model, "changelist"))
    searched = staff.get(page(model, "changelist"), {"q": "shard"})
    opened = staff.get(page(model, "change", row.pk))

    assert [answer.status_code for answer in (listed, searched, opened)] == [200, 200, 200]
    assert b'name="_save"' not in opened.content


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_not_even_a_superuser_adds_changes_or_deletes(superuser: Client, model: type[Model]) -> None:
    row = model._default_manager.first()
    assert row is not None

    assert superuser.get(page(model, "add")).status_code == 403
    assert superuser.post(page(model, "change", row.pk), {}).status_code == 403
    assert superuser.post(page(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert model._default_manager.filter(pk=row.pk).exists()


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_no_action_deletes_many_rows_at_once(superuser: Client, model: type[Model]) -> None:
    rows = [row.pk for row in model._default_manager.all()]

    superuser.post(
        page(model, "changelist"), {"action": "delete_selected", "_selected_action": rows, "post": "yes"}
    )

    assert model._default_manager.filter(pk__in=rows).count() == len(rows)


@pytest.mark.usefixtures("filled")
def test_a_token_is_shown_without_its_digest(staff: Client) -> None:
    token = ApiToken.objects.get()

    assert "d" * 64 not in staff.get(page(ApiToken, "change", token.pk)).content.decode()


@pytest.mark.parametrize(
    ("cookie", "theme"), [("light", "light"), ("dark", "dark"), ("pink", "dark"), (None, "dark")]
)
def test_the_admin_has_the_theme_of_the_console(staff: Client, cookie: str | None, theme: str) -> None:
    if cookie is not None:
        staff.cookies["theme"] = cookie

    assert f'class="{theme}"' in staff.get("/admin/").content.decode()


def test_who_is_not_logged_in_comes_in_by_the_consoles_form(client: Client) -> None:
    answer = client.get("/admin/risk/audit/", follow=True)

    assert answer.redirect_chain[-1][0] == "/login/?next=/admin/risk/audit/"


@pytest.mark.parametrize("is_staff", [True, False])
def test_who_has_no_role_is_not_let_in_staff_or_not(client: Client, is_staff: bool) -> None:
    client.force_login(User.objects.create_user("nora", is_staff=is_staff))

    assert client.get("/admin/", follow=True).status_code == 403
    assert client.get("/admin/risk/audit/", follow=True).status_code == 403


@pytest.mark.usefixtures("filled")
def test_amounts_are_decimals(staff: Client) -> None:
    shown = staff.get(page(Entry, "changelist")).content.decode()

    assert "-4.8" in shown
    assert "4800000" not in shown


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("model", [Entry, StepFailure, Audit])
def test_facts_refuse_to_be_changed_or_deleted(model: type[Model]) -> None:
    row = model._default_manager.first()
    assert row is not None

    with pytest.raises(FactChanged):
        row.save()
    with pytest.raises(FactChanged):
        row.delete()
    with pytest.raises(FactChanged):
        model._default_manager.all().delete()
    with pytest.raises(FactChanged):
        model._default_manager.all().update(pk=1)
