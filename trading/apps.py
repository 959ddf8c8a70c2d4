"""The trading app: accounts, orders, fills, the ledger, and the runner around the engine."""

from django.apps import AppConfig


class TradingConfig(AppConfig):
    name = "trading"
    verbose_name = "Trading"

    def ready(self) -> None:
        from trading import figures
        from trading.gateways.polymarket import checks

        figures.register()
        checks.register()
