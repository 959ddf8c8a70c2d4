"""Settings of the web server under test: the site's own, on the database of the test process."""

import json
import os

from polyloly_site.settings import *  # noqa: F403
from polyloly_site.settings import DATABASES

DATABASES["default"].update(json.loads(os.environ["E2E_DATABASE"]))
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
