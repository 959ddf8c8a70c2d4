"""Pages of the console and the ways in and out."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from dashboard.views import curves, login, pages, records

app_name = "console"

urlpatterns = [
    path("", pages.overview, name="overview"),
    path("markets/", pages.markets, name="markets"),
    path("markets/<str:market_id>/", pages.market, name="market"),
    path("orders/", records.orders, name="orders"),
    path("orders.csv", records.orders_csv, name="orders-csv"),
    path("fills/", records.fills, name="fills"),
    path("fills.csv", records.fills_csv, name="fills-csv"),
    path("halts/", pages.halts, name="halts"),
    path("curves/equity/", curves.equity, name="equity"),
    path("curves/market/<str:market_id>/", curves.market, name="market-path"),
    path("login/", login.Login.as_view(), name="login"),
    path("login/once/<str:token>/", login.once, name="login-once"),
    path("logout/", LogoutView.as_view(next_page="console:login"), name="logout"),
]
