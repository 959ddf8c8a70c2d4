"""Settings of the tests: the site's own, cut off from whatever the machine's environment says.

State goes to a directory of this process alone; Redis is the one a test starts (fixture ``redis``) or none.
``TEST_DATABASE_URL`` runs the same tests on another database than SQLite.
"""

import atexit
import os
import shutil
import tempfile

from polyloly_site.env import Polyloly

for _field in Polyloly.model_fields:
    for _name in [name for name in os.environ if name.lower().split("__")[0] == _field]:
        del os.environ[_name]
os.environ.pop("POLYLOLY_CLOCK_ANCHOR", None)

STATE = tempfile.mkdtemp(prefix="polyloly-test-")
atexit.register(shutil.rmtree, STATE, ignore_errors=True)
os.environ["STATE_DIR"] = STATE
os.environ["NTP_SERVER"] = "off"  # nobody outside is asked
if os.environ.get("TEST_DATABASE_URL"):
    os.environ["DATABASE_URL"] = os.environ["TEST_DATABASE_URL"]

from polyloly_site.settings import *  # noqa: E402, F403 the environment had to be cleared first
from polyloly_site.settings import DATABASES, SQLITE  # noqa: E402

if DATABASES["default"] is SQLITE:
    # A file, not memory: several threads and a live server share it.
    DATABASES["default"]["TEST"] = {"NAME": f"{STATE}/test.sqlite3"}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
