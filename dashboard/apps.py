"""Names the app for Django, and keeps log-in links out of the log."""

import logging
import re
from typing import Final

from django.apps import AppConfig

LINK: Final = re.compile(r"(/login/once/)[^/\s]+")


class DashboardConfig(AppConfig):
    name = "dashboard"
    verbose_name = "console"

    def ready(self) -> None:
        # The two that name the path of a refused request: the link in it may be unused still.
        for name in ("django.request", "django.security.csrf"):
            logging.getLogger(name).addFilter(hide_links)


def hide_links(record: logging.LogRecord) -> bool:
    """Log the line without the token of a log-in link."""
    record.msg, record.args = LINK.sub(r"\1hidden", record.getMessage()), ()
    return True
