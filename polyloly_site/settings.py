"""Django's settings, made from ``polyloly_site.env``. Set things there, not here."""

from typing import Any, Final

import dj_database_url
from csp.constants import NONE, SELF
from django.urls import reverse_lazy

from infra import redis
from polyloly_site import env

POLYLOLY: Final = env.load()
ROOT: Final = env.ROOT
PUBLIC: Final = POLYLOLY.public_origin is not None

SECRET_KEY = env.secret_key(POLYLOLY)
DEBUG = False
ROOT_URLCONF = "polyloly_site.urls"
ASGI_APPLICATION = "polyloly_site.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"
USE_I18N = False
# The Django admin's own texts: to the second, and in an order that sorts.
DATE_FORMAT = "Y-m-d"
DATETIME_FORMAT = "Y-m-d H:i:s"

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "polyloly_site.apps.ConsoleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "servestatic.runserver_nostatic",
    "django.contrib.staticfiles",
    "channels",
    "csp",
    "ninja",  # its own static files for /api/docs, instead of somebody else's servers
    "django_prometheus",
    "infra",
    "risk",
    "feeds",
    "trading",
    "dashboard",
    "simulator",
    "polyloly_site",
]

# Every one of these runs on the event loop: one sync-only class would put each request on a thread, and daphne
# would hang on SIGTERM with requests in flight.
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "polyloly_site.csp.Policy",
    "polyloly_site.careful.careful",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "risk.access.halt_pass.brought_along",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
            ]
        },
    }
]

# Database: SQLite in STATE_DIR unless DATABASE_URL says otherwise.
SQLITE: Final[dict[str, Any]] = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": POLYLOLY.var_dir / "polyloly.sqlite3",
    "OPTIONS": {
        # A transaction that begins by reading and then writes would fail at once under load: take the lock first.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # FULL: an order row must survive a power cut before the order leaves. A checkpoint stalls whoever commits
        # next: every 16 MB is once in some four hundred orders, every 4 MB (the default) is in their 99th percentile.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
        "PRAGMA wal_autocheckpoint=4000;",
    },
}
DATABASES: dict[str, Any] = {
    "default": SQLITE
    if POLYLOLY.database_url is None
    else dj_database_url.parse(POLYLOLY.database_url, conn_max_age=60, conn_health_checks=True)
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    # A server that is gone without a word is noticed: libpq alone would wait for it for minutes, or for ever.
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": 3,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": 10_000,
    } | DATABASES["default"].get("OPTIONS", {})
POLYLOLY.var_dir.mkdir(parents=True, exist_ok=True)

# Redis: bus, leases, metrics and board by infra.redis; Celery and Channels here.
REDIS: Final = POLYLOLY.redis_url or f"unix://{redis.socket_path(POLYLOLY.state_dir)}"
CELERY_BROKER_URL = redis.broker_url_of(REDIS)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_SEND_TASK_EVENTS = False
# A loop outlives a broker restart by itself, lease included; its task is acknowledged long since.
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(POLYLOLY.var_dir / "beat")
LOOPS: Final = (
    ("trading.run_shard", (0,), "trading"),
    ("feeds.discover", (), "feeds"),
    *([("feeds.run_source", ("matches",), "feeds")] if POLYLOLY.venue is env.Venue.SIMULATOR else []),
    *([("trading.run_wallet", (), "trading")] if POLYLOLY.signs else []),
)
# Every second, forgotten after two: a worker that already runs the loop returns at once.
CELERY_BEAT_SCHEDULE = {
    " ".join([task, *map(str, arguments)]): {
        "task": task,
        "args": arguments,
        "schedule": 1.0,
        "options": {"queue": queue, "expires": 2},
    }
    for task, arguments, queue in LOOPS
}
CELERY_BEAT_SCHEDULE |= {
    task: {"task": task, "schedule": 60.0, "options": {"queue": "ops", "expires": 60}}
    for task in (
        "risk.thin_valuations",
        "risk.forget_answers",
        "trading.forget_decisions",
        "trading.reconcile",
        "site.rotate_log",
    )
}
CELERY_BEAT_SCHEDULE |= {
    task: {"task": task, "schedule": 30.0, "options": {"queue": "ops", "expires": 30}}
    for task in ("site.write_snapshot", "site.check_time", "trading.check_venue")
}
CHANNEL_LAYERS = {
    "default": {
        # Not channels_redis.core: with redis-py 8 its idle websockets die after 5 s, and it drops under load.
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [redis.url_of(REDIS, redis.Db.CHANNELS)]},
    }
}

# People.
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = reverse_lazy("console:login")
LOGIN_REDIRECT_URL = "/"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "dashboard.views.errors.csrf_failed"

# Two stacks on one host differ by port, and a browser sends cookies to every port: name them apart.
SESSION_COOKIE_NAME = f"polyloly_session_{POLYLOLY.port}"
CSRF_COOKIE_NAME = f"polyloly_csrf_{POLYLOLY.port}"

# The way in: loopback by default, one https origin behind a TLS proxy when PUBLIC_ORIGIN is set.
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
ALLOWED_HOSTS += [host.strip() for host in POLYLOLY.allowed_hosts.split(",") if host.strip()]
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
if POLYLOLY.public_origin is not None:
    ALLOWED_HOSTS.append(POLYLOLY.public_origin.removeprefix("https://").partition(":")[0])
    CSRF_TRUSTED_ORIGINS = [POLYLOLY.public_origin]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    # What halts is carried out however it is asked for: a redirect would look like an answer and halt nothing.
    SECURE_REDIRECT_EXEMPT = [
        r"^health/",
        r"^metrics$",
        r"^admin/halt(-market)?$",
        r"^api/v1/(halts|markets/[^/]+/halt)$",
    ]
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True

CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# Files: served from where they lie, so that nothing has to be collected before the first start.
STATIC_URL = "static/"
STATICFILES_DIRS = [ROOT / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "dashboard.finders.NamedPackageFiles",
]
SERVESTATIC_USE_FINDERS = True
SERVESTATIC_ALLOW_ALL_ORIGINS = False

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "polyloly",
    "SITE_HEADER": "polyloly",
    "SITE_SUBHEADER": POLYLOLY.mode.value,
    "SITE_URL": "/",
    "THEME": "dark",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
}
