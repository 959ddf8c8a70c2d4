"""The trading app: accounts, orders, fills, the ledger, and the runner around the engine."""

from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from risk.services import Withdrawn


class TradingConfig(AppConfig):
    name = "trading"
    verbose_name = "Trading"

    def ready(self) -> None:
        from infra import checks as health
        from infra import metrics
        from risk import services as risk
        from trading.health import alerting, figures, venue_checks, venue_signs
        from trading.reconcile import standing

        risk.register_withdraw(withdraw)
        risk.register_signs(frame_age=venue_signs.frame_age, time_answers=venue_signs.time_answers)
        risk.register_finder("trading", alerting.find)
        risk.register_finder("reconciliation", standing.find)
        risk.register_reconciliation(standing.reconciled)
        metrics.register_reader("reconciliation", standing.read_metrics)
        health.register(standing.CHECK, standing.check)
        risk.register_adapter("polymarket", "the market channel: books and trades")
        figures.register()
        venue_checks.register()


def withdraw(market_id: str | None) -> "Withdrawn":
    """Only ops needs what talks to the venue, and only when it must act."""
    from trading.controls import last_hand

    return last_hand.withdraw(market_id)
