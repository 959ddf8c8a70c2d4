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
from risk import services as risk
from risk.models import Audit
from tests.risk.conftest import acknowledge, value
from tests.trading.conftest import MARKET, NOON, a_buy, a_deposit, a_fill, a_place, write
from trading import services
from trading.batch import Batch
from trading.models import Account, Decision, Entry, StepFailure, WalletKind

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
    by = risk.process("test")
    risk.enlist_runner("shard:0", at=NOON)
    made = risk.halt_trading(code=risk.HaltCode.MANUAL, detail="odd", by=by, at=NOON)
    risk.halt_market(market_id=MARKET, code=risk.MarketHaltCode.MANUAL, detail="odd", by=by, at=NOON)
    acknowledge(made.round_id)
    value("10000", at=Ms(NOON))


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(User.objects.create_user("olga", password="a long passphrase", is_staff=True))
    return client


@pytest.fixture
def superuser() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("rita", password="a long passphrase"))
    return client


def page(model: type[Model], kind: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{kind}", args=args)


def test_every_model_is_there() -> None:
    assert len(MODELS) == 16


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
