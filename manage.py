#!/usr/bin/env python
"""The command line of polyloly. ``manage.py help`` lists the commands, ``manage.py up`` starts everything."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "polyloly_site.settings")
    # Imported here so that the settings module is named before Django reads it.
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
