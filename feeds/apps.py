"""The feeds app: the world, turned into events. Markets, matches and how well their sources speak."""

from django.apps import AppConfig


class FeedsConfig(AppConfig):
    name = "feeds"
    verbose_name = "Feeds"

    def ready(self) -> None:
        from feeds import alerting, checks, selectors
        from risk.services import register_finder, register_market_resolver

        register_market_resolver(selectors.market_id_of)
        register_finder("feeds", alerting.find)
        checks.register()
