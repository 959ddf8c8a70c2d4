"""Django, as far as the measured code needs it: settings and logs in a folder of their own."""

import os
from pathlib import Path
from typing import Final

import django

STATE: Final = Path(__file__).resolve().parent.parent / "var" / "bench"


def set_up() -> None:
    """Call before importing anything that reads settings."""
    STATE.mkdir(parents=True, exist_ok=True)
    os.environ["STATE_DIR"] = str(STATE)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "polyloly_site.settings")
    django.setup()
