"""Pages of the console and the ways in and out."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from dashboard.views import (
    alerts,
    audit,
    curves,
    doctor,
    incidents,
    login,
    pages,
    password,
    people,
    pnl,
    reconciliation,
    records,
    risk,
)

app_name = "console"

urlpatterns = [
    path("", pages.overview, name="overview"),
    path("markets/", pages.markets, name="markets"),
    path("markets/<str:market_id>/", pages.market, name="market"),
    path("orders/", records.orders, name="orders"),
    path("orders.csv", records.orders_csv, name="orders-csv"),
    path("fills/", records.fills, name="fills"),
    path("fills.csv", records.fills_csv, name="fills-csv"),
    path("pnl/", pnl.pnl, name="pnl"),
    path("pnl/ledger/", pnl.entries, name="entries"),
    path("pnl/ledger.csv", pnl.entries_csv, name="entries-csv"),
    path("risk/", risk.risk, name="risk"),
    path("halts/", risk.halts, name="halts"),
    path("halts.csv", risk.halts_csv, name="halts-csv"),
    path("alerts/", alerts.alerts, name="alerts"),
    path("incidents/", incidents.incidents, name="incidents"),
    path("incidents.csv", incidents.incidents_csv, name="incidents-csv"),
    path("incidents/<int:incident_id>/", incidents.incident, name="incident"),
    path("audit/", audit.audit, name="audit"),
    path("audit.csv", audit.audit_csv, name="audit-csv"),
    path("reconciliation/", reconciliation.reconciliation, name="reconciliation"),
    path("doctor/", doctor.doctor, name="doctor"),
    path("people/", people.people, name="people"),
    path("curves/equity/", curves.equity, name="equity"),
    path("curves/market/<str:market_id>/", curves.market, name="market-path"),
    path("login/", login.Login.as_view(), name="login"),
    path("login/once/<str:token>/", login.once, name="login-once"),
    path("password/", password.password, name="password"),
    path("logout/", LogoutView.as_view(next_page="console:login"), name="logout"),
]
