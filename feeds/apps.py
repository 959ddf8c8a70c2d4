"""The feeds app: the world, turned into events. Markets, matches and how well their sources speak."""

from django.apps import AppConfig


class FeedsConfig(AppConfig):
    name = "feeds"
    verbose_name = "Feeds"

    def ready(self) -> None:
        from django.conf import settings

        from feeds import alerting, checks, discovery, selectors, supervisor
        from risk.services import register_adapter, register_finder, register_market_resolver

        register_market_resolver(selectors.market_id_of)
        register_finder("feeds", alerting.find)
        register_adapter(discovery.SOURCE, "the venue's list of markets")
        if settings.POLYLOLY.urls.matches_ws is not None:
            register_adapter(supervisor.MATCHES, "the match feed")
        checks.register()
