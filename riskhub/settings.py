"""All settings, from environment variables. `make run` sets those that are missing (riskhub/engine).

DATABASE_URL        the application role: reads and writes, on history only INSERT and SELECT
DATABASE_OWNER_URL  the owner: migrations, backup, erasure (default: DATABASE_URL, and health says so)
REDIS_URL           the broker, which has the queue of tasks and the progress of running imports
EMAIL_URL           smtp://user:password@host:port; without it mail goes to a page for administrators
RISKHUB_URL         the address that people use, for links in mails
RISKHUB_HOME        the folder with keys and embedded data (default ./var)
RISKHUB_FILE_LIMIT  the largest attached file, in megabytes (default 25)
RISKHUB_FILES_URL   where attached files are stored (riskhub/file_storage.py; default RISKHUB_HOME/files)
RISKHUB_MAILS_AN_HOUR   after so many mails to one person in an hour, the rest becomes one mail (default 12)
RISKHUB_MAILS_TO_CONFIRM  the end of a meeting that mails more people than that is confirmed (default 50)
RISKHUB_MAIL_BUNDLE_MINUTES  mails that follow another one within this time become one (default 5; 0 never)
RISKHUB_OUTGOING_ALLOW  private networks of webhooks and calendars, such as 10.1.0.0/16,192.168.4.7
RISKHUB_LOG, RISKHUB_LOG_FORM  the level of the log (WARNING), and line or json
OTEL_EXPORTER_OTLP_ENDPOINT  where traces are sent (riskhub/traces.py; default nowhere)
RISKHUB_OIDC_URL    the sign-in provider, with further settings: riskhub/providers.py
RISKHUB_SECOND_FACTOR   roles that need a second factor, such as administrator,risk_manager (default none)
RISKHUB_SIGN_UP     mail domains whose people may sign up uninvited (default none); RISKHUB_SIGN_UP_ROLE: as
                    viewer (default) or member
RISKHUB_LEASE_SECONDS   seconds until other workers may take over claimed work (default 60)
"""

import json
import os
from pathlib import Path
from urllib.parse import urlsplit

from django_guid.integrations.celery import CeleryIntegration

from outgoing.networks import networks
from riskhub import file_storage, logs, providers
from riskhub.engine import secret_key
from riskhub.engine.home import FILLED_IN
from riskhub.environment import Environment

BASE_DIR = Path(__file__).resolve().parent.parent
ENVIRONMENT = env = Environment()

HOME = Path(env.text("RISKHUB_HOME", str(BASE_DIR / "var"))).resolve()


def _running_instance() -> dict[str, str]:
    """Return the addresses of the instance that `make run` runs in RISKHUB_HOME, for other commands."""
    try:
        return json.loads((HOME / "instance.json").read_text())
    except (OSError, ValueError):
        return {}


def _take_running_instance() -> None:
    """Set missing variables from the running instance. Record their names for a new supervisor."""
    names = os.environ.get(FILLED_IN, "").split()
    for name, value in _running_instance().items():
        if name not in os.environ:
            os.environ[name] = value
            names.append(name)
    if names:
        os.environ[FILLED_IN] = " ".join(names)


_take_running_instance()

DEBUG = env.flag("RISKHUB_DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="") or "only-for-commands-that-need-no-key-0123456789abcdefghijkl"
if _fault := secret_key.fault(SECRET_KEY):
    raise SystemExit(
        _fault
    )  # one line in every process that reads the settings: web, worker, beat or command
BASE_URL = env.site("RISKHUB_URL", f"http://localhost:{env.whole('PORT', default=8000)}")
IS_HTTPS = BASE_URL.startswith("https://")
ALLOWED_HOSTS = env.words("RISKHUB_HOSTS") or [
    urlsplit(BASE_URL).hostname or "localhost",
    "localhost",
    "127.0.0.1",
    "[::1]",
]
CSRF_TRUSTED_ORIGINS = [BASE_URL]
IS_SAMPLE_ALLOWED = env.flag("RISKHUB_SAMPLE", default=True)

INSTALLED_APPS = [
    "riskhub",
    "notices",
    "leaders",
    "meetings",
    "learnings",
    "incidents",
    "risklog",
    "signals",
    "catalogue",
    "actions",
    "talk",
    "saved",
    "people",
    "history",
    "pages",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.forms",
    "rest_framework",
    "drf_spectacular",
    "django_guid",
    "django_htmx",
    "template_partials.apps.SimpleAppConfig",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.mfa",
    "allauth.usersessions",
]

MIDDLEWARE = [
    "django_guid.middleware.guid_middleware",
    "django.middleware.security.SecurityMiddleware",
    "riskhub.middleware.content_security_policy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "riskhub.request_log.log_request",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "people.middleware.readers_zone",
    "people.middleware.log_auditors",
    "risklog.middleware.one_matrix",
    "people.middleware.sign_in_required",
    "riskhub.middleware.explain_refused_method",
    "riskhub.middleware.refuse_unreadable",
    "riskhub.middleware.clean_texts",
]

ROOT_URLCONF = "riskhub.urls"
WSGI_APPLICATION = "riskhub.wsgi.application"
AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = ["people.authentication.PasswordBackend"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGIN_URL = "people:sign_in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "people:sign_in"
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("name", "email")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "people.passwords.PatternValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# allauth has the flows of sign-in (ADR 0040). Its pages, mails and limits are ours: people/authentication.
ACCOUNT_ADAPTER = "people.authentication.account_adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
MFA_ADAPTER = "people.authentication.mfa_adapter.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODE_COUNT, MFA_RECOVERY_CODE_DIGITS = 10, 8
MFA_TOTP_PERIOD = 30
# Browsers give passkeys to https only, and to http on localhost.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not IS_HTTPS
try:
    OIDC_PROVIDERS = providers.from_environment(env)
except ValueError as _error:
    raise SystemExit(str(_error)) from None
SOCIALACCOUNT_ADAPTER = "people.authentication.social_adapter.ProviderAdapter"
SOCIALACCOUNT_PROVIDERS = providers.as_allauth_apps(OIDC_PROVIDERS)
ACCOUNT_RATE_LIMITS = MFA_RATE_LIMITS = False  # people/operations/sign_in.py counts for all processes

# Whose role needs a second factor. It is a setting, so that nobody with the session of an administrator can
# switch it off.
SECOND_FACTOR_ROLES = env.words("RISKHUB_SECOND_FACTOR")
if _unknown := set(SECOND_FACTOR_ROLES) - {"viewer", "member", "risk_manager", "administrator"}:
    raise SystemExit(f"RISKHUB_SECOND_FACTOR: {', '.join(sorted(_unknown))} is no role. Use role names.")
# Nobody signs up uninvited, unless their address has one of these domains.
SIGN_UP_DOMAINS = [domain.lower().removeprefix("@") for domain in env.words("RISKHUB_SIGN_UP")]
SIGN_UP_ROLE = env.text("RISKHUB_SIGN_UP_ROLE", "viewer")
if SIGN_UP_ROLE not in ("viewer", "member"):
    raise SystemExit("RISKHUB_SIGN_UP_ROLE: use viewer or member.")

_LOADERS = [
    "riskhub.template_loader.Loader",
    "django.template.loaders.app_directories.Loader",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                ("template_partials.loader.Loader", [("django.template.loaders.cached.Loader", _LOADERS)])
            ],
            "builtins": [
                "pages.templatetags.ui",
                "template_partials.templatetags.partials",
                "django.templatetags.static",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "riskhub.shell.shell",
            ],
        },
    }
]
FORM_RENDERER = "pages.forms.Renderer"

# ---------------------------------------------------------------- database
_CHECKS = {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
_TIMEOUTS = (
    "-c statement_timeout=20s -c lock_timeout=5s -c idle_in_transaction_session_timeout=60s -c timezone=UTC"
)
# Lists join seven tables by their keys. Trying every order of seven tables takes the planner ten times as
# long as the query, and four at a time gives the same plans. On current disks a random page costs little more
# than a sequential one. With the default cost of 4 PostgreSQL reads a whole table to find five hundred rows
# by key.
_PLANNER = "-c join_collapse_limit=4 -c random_page_cost=1.1"
# Planning a list takes longer than running it, so a statement is planned once per connection (ADR 0006). Set
# DATABASE_PREPARED=0 for a pooler that gives each transaction another connection and loses prepared
# statements.
_PREPARED = env.flag("DATABASE_PREPARED", default=True)
_DATABASE_URL = env.database_url("DATABASE_URL", "postgresql://riskhub_app@127.0.0.1:5432/riskhub")
_OWNER_URL = env.database_url("DATABASE_OWNER_URL", _DATABASE_URL)


def _database(url: str, options: str) -> dict:
    parsed = Environment.db_url_config(url)
    parsed["ENGINE"] = "riskhub.database"
    # A cursor of the server lives in one connection, which such a pooler does not keep.
    parsed["DISABLE_SERVER_SIDE_CURSORS"] = not _PREPARED
    parsed.setdefault("OPTIONS", {}).update(
        options=options, server_side_binding=_PREPARED, prepare_threshold=3 if _PREPARED else None
    )
    return parsed | _CHECKS


DATABASES = {
    "default": _database(_DATABASE_URL, f"{_TIMEOUTS} {_PLANNER}"),
    # Migrations wait at most two seconds for a lock. They fail rather than block other queries.
    "owner": _database(_OWNER_URL, "-c lock_timeout=2s -c timezone=UTC"),
}
DATABASES["owner"]["TEST"] = {"MIRROR": "default"}
DATABASE_ROUTERS: list[str] = []
APPLICATION_ROLE = DATABASES["default"]["USER"]
OWNER_ROLE = DATABASES["owner"]["USER"]

# ---------------------------------------------------------------- sessions, cookies, headers
REDIS_URL = env.broker_url("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    # Of all processes: the progress of running work and the rate limits. It may be lost at any time.
    "shared": {
        "BACKEND": "kit.shared_cache.SharedCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "riskhub",
        "OPTIONS": {
            "socket_timeout": 1,
            "socket_connect_timeout": 1,
            "serializer": "kit.shared_cache.JsonSerializer",
        },
    },
}
SESSION_ENGINE = "people.authentication.session_store"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31536000 if IS_HTTPS else 0
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env.flag("RISKHUB_BEHIND_PROXY", default=False) else None
)
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
# A bulk change sends the id and the version of each of its 1,000 risks.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000
# The largest file, and the largest request that attaches files, in bytes (pages/uploads.py).
FILE_LIMIT = env.whole("RISKHUB_FILE_LIMIT", default=25, least=1) * 1024 * 1024
FILES_LIMIT = 2 * FILE_LIMIT + 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FILES = 10
FILE_UPLOAD_HANDLERS = [
    "pages.uploads.SizeLimit",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
CSRF_FAILURE_VIEW = "riskhub.errors.csrf_failure"

# ---------------------------------------------------------------- language, time, files
LANGUAGE_CODE = "en-gb"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("RISKHUB_STATIC_ROOT", str(HOME / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "pages.static_files.SheetFinder",
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},  # nothing is stored there
    "files": file_storage.storage(env.text("RISKHUB_FILES_URL", ""), HOME),
    "staticfiles": {
        "BACKEND": "pages.static_files.HashedFilesStorage"
        if env.flag("RISKHUB_STATIC_HASHED", default=False)
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not env.flag("RISKHUB_STATIC_HASHED", default=False)

# ---------------------------------------------------------------- mail
_EMAIL = env.mail_url("EMAIL_URL")
IS_MAIL_KEPT = not _EMAIL  # without a mail server the mails are only shown on the page of sent mail
DEFAULT_FROM_EMAIL = env.sender("RISKHUB_FROM", "Riskhub <riskhub@localhost>")
EMAIL_TIMEOUT = 10
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
if _EMAIL:
    vars().update(env.email_url_config(_EMAIL))

# Mails to one person that follow another one so soon become one, and those above the most of an hour
# (notices/operations/bundle.py). Escalations never wait.
MAIL_BUNDLE_MINUTES = env.whole("RISKHUB_MAIL_BUNDLE_MINUTES", default=5)
MAILS_AN_HOUR = env.whole("RISKHUB_MAILS_AN_HOUR", default=12)
# An act that mails more people than that says first how many, and must be confirmed.
MAILS_TO_CONFIRM = env.whole("RISKHUB_MAILS_TO_CONFIRM", default=50)

# ---------------------------------------------------------------- requests to other systems
# Public addresses are reached by https. Only these networks are reached besides, also by http (outgoing/).
try:
    OUTGOING_ALLOW = networks(env.words("RISKHUB_OUTGOING_ALLOW"))
except ValueError as _error:
    raise SystemExit(f"RISKHUB_OUTGOING_ALLOW: {_error}") from None

# ---------------------------------------------------------------- API
REST_FRAMEWORK = {
    # ISO 8601 would take a time with an offset, and drop the offset.
    "TIME_INPUT_FORMATS": ["%H:%M", "%H:%M:%S"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["people.authentication.BearerToken", "people.authentication.Session"],
    "DEFAULT_PERMISSION_CLASSES": ["rest.access.NamesItsPermission"],
    "DEFAULT_THROTTLE_CLASSES": ["rest.throttling.PerToken"],
    "DEFAULT_RENDERER_CLASSES": ["rest.rendering.Json"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "rest.rendering.AnyAccept",
    "DEFAULT_PARSER_CLASSES": ["rest.bodies.JsonBody"],
    "EXCEPTION_HANDLER": "rest.problems.problem",
    "DEFAULT_SCHEMA_CLASS": "riskhub.schema.resources.Resources",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "URL_FORMAT_OVERRIDE": None,  # there is only one format, so ?format= is an unknown parameter
}
# Requests a minute of one token, or of one signed-in person. 0: no limit.
API_RATES = {
    "default": env.whole("RISKHUB_API_RATE", default=1_200),
    "ingest": env.whole("RISKHUB_INGEST_RATE", default=12_000),
}
# A source that sends another name with each call would otherwise create series without end.
MAX_SERIES_OF_SOURCE = env.whole("RISKHUB_MAX_SERIES", default=10_000)
SPECTACULAR_SETTINGS = {
    "TITLE": "Riskhub",
    "DESCRIPTION": "A shared register of model risks, with the weekly meetings that keep it current.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_PATCH": False,  # PATCH bodies have their own serializers
    "SORT_OPERATION_PARAMETERS": False,
    "POSTPROCESSING_HOOKS": [],  # enums stay inline
}

# ---------------------------------------------------------------- background work
# Health warns if the last backup is older than that. 0: never, for backups by other tools.
BACKUP_HOURS = env.number("RISKHUB_BACKUP_HOURS", default=26)
LEASE_SECONDS = env.whole("RISKHUB_LEASE_SECONDS", default=60, least=1)

try:
    LOGGING = logs.config(env.text("RISKHUB_LOG", "WARNING"), env.text("RISKHUB_LOG_FORM", "line"))
except ValueError as _error:
    raise SystemExit(str(_error)) from None
DJANGO_GUID = {
    "GUID_HEADER_NAME": logs.REQUEST_ID,
    "EXPOSE_HEADER": False,
    "INTEGRATIONS": [CeleryIntegration(use_django_logging=True)],
}
