"""Settings. Everything an operator may set comes from the environment; the README has the table."""

from __future__ import annotations

from email.utils import parseaddr
from pathlib import Path

import environ
from csp.constants import NONE, SELF

from config import database, embedded

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

DEBUG = env.bool("DEBUG", default=False)
DEMO = env.bool("DEMO", default=False)
BIND_ADDRESS = env.str("BIND_ADDRESS", default="127.0.0.1")
# Whoever brings a database brings keys; beside the embedded one they are made and kept.
_KEEPS_KEYS = DEBUG or not env.str("DATABASE_URL", default="")
SECRET_KEY = env.str("SECRET_KEY", default="") or (
    database.local_secret(BASE_DIR, env.ENVIRON) if _KEEPS_KEYS else ""
)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
HTTPS = env.bool("HTTPS", default=False)

INSTALLED_APPS = [
    "config",
    "audit",
    "accounts",
    "orgs",
    "orgs.apps.PortalConfig",
    "projects",
    "billing",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.google",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "csp",
    "django_htmx",
    "guardian",
    "heroicons",
    "ninja",
    "procrastinate.contrib.django",
    "template_partials.apps.SimpleAppConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "projects.api.door.InterfaceMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.requests.RequestIdMiddleware",
    "accounts.presence.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.requests.PageAddressMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.presence.PresenceMiddleware",
    "orgs.tenancy.TenancyMiddleware",
    "config.gate.GateMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

_LOADERS: list[object] = [
    "django.template.loaders.filesystem.Loader",
    "django.template.loaders.app_directories.Loader",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "orgs.shell.shell",
            ],
            "builtins": ["config.look", "template_partials.templatetags.partials"],
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    _LOADERS if DEBUG else [("django.template.loaders.cached.Loader", _LOADERS)],
                )
            ],
        },
    }
]

# The database: the web process logs in as a role that owns nothing; migrations run as the owner.
DATABASES = database.django_databases(database.urls(BASE_DIR, env.ENVIRON))
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASE_ROUTERS: list[str] = []

# People
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "orgs.backends.AccessBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# Grants are rows of guardian's shape with our own groups; nothing of it is patched into accounts.
GUARDIAN_GROUP_OBJ_PERMS_MODEL = "orgs.GroupRole"
GUARDIAN_MONKEY_PATCH_USER = GUARDIAN_MONKEY_PATCH_GROUP = False
ANONYMOUS_USER_NAME = None
SILENCED_SYSTEM_CHECKS = ["guardian.W001"]  # Decisions are orgs/access.py’s alone.
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "accounts.adapter.SocialAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_FORM_CLASS = "accounts.forms.SignUpForm"
ACCOUNT_FORMS = {
    "login": "accounts.entrance.LoginForm",
    "signup": "accounts.entrance.SignupForm",
    "reset_password": "accounts.entrance.ResetPasswordForm",
    "reset_password_from_key": "accounts.entrance.ResetPasswordKeyForm",
    "change_password": "accounts.entrance.ChangePasswordForm",
    "set_password": "accounts.entrance.SetPasswordForm",
    "reauthenticate": "accounts.entrance.ReauthenticateForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key"}
MFA_ADAPTER = "accounts.adapter.MFAAdapter"
MFA_FORMS = {
    "authenticate": "accounts.entrance.AuthenticateForm",
    "reauthenticate": "accounts.entrance.ReauthenticateByCodeForm",
    "activate_totp": "accounts.entrance.ActivateTOTPForm",
    "add_webauthn": "accounts.entrance.AddPasskeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEBUG  # http://localhost while developing
SOCIALACCOUNT_ONLY = False
SOCIALACCOUNT_FORMS = {"signup": "accounts.entrance.SocialSignupForm"}
# A form that led to the provider would be stopped by form-action in the policy below.
SOCIALACCOUNT_LOGIN_ON_GET = True
SOCIALACCOUNT_PROVIDERS = {
    "google": {
        "APPS": (
            [{"client_id": env.str("GOOGLE_CLIENT_ID"), "secret": env.str("GOOGLE_SECRET")}]
            if env.str("GOOGLE_CLIENT_ID", default="")
            else []
        ),
        "SCOPE": ["profile", "email"],
        "EMAIL_AUTHENTICATION": True,
    },
    "openid_connect": {
        "APPS": (
            [
                {
                    "provider_id": "company",
                    "name": env.str("OIDC_NAME", default="your company"),
                    "client_id": env.str("OIDC_CLIENT_ID"),
                    "secret": env.str("OIDC_SECRET"),
                    "settings": {"server_url": env.str("OIDC_URL")},
                }
            ]
            if env.str("OIDC_CLIENT_ID", default="")
            else []
        ),
    },
}

EMAIL_CONFIG = env.email("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Bailiwick <bailiwick@localhost>")

# Sessions, cookies and headers
SESSION_COOKIE_NAME = "bailiwick"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "config.pages.csrf_failure"
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 20 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

# Language, time, files
LANGUAGE_CODE = "en-gb"
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
USE_TZ = True
USE_I18N = False
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / ".data" / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEBUG
            else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        )
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="WARNING")},
}

# Secrets of projects are encrypted with the first key; the others still open older ones.
SECRETS_KEYS = env.list("SECRETS_KEYS", default=[]) or (
    [database.local_secret(BASE_DIR, env.ENVIRON, name="vault-key")]
    if _KEEPS_KEYS
    else [SECRET_KEY]
)

# Checkpoints of the audit logs are signed with the first key; what the others signed still counts,
# as does what was signed by a key of which only the public half is left.
CHECKPOINT_KEYS = env.list("CHECKPOINT_KEYS", default=[]) or (
    [database.local_secret(BASE_DIR, env.ENVIRON, name="checkpoint-key")]
    if _KEEPS_KEYS
    else [SECRET_KEY]
)
CHECKPOINT_OLD_KEYS = env.list("CHECKPOINT_OLD_KEYS", default=[])
# Where checkpoints lie outside the database. On the machine of the database they prove little.
CHECKPOINT_DIRECTORY = env.str("CHECKPOINT_DIRECTORY", default="") or (
    str(embedded.data_folder(BASE_DIR, env.ENVIRON) / "checkpoints") if _KEEPS_KEYS else ""
)

# Jobs: the queue is in the same database, under the web role; what was done leaves no row.
# A receiver of webhooks that takes its time must not keep the other jobs waiting: several at once.
PROCRASTINATE_WORKER_DEFAULTS = {
    "concurrency": 4,
    "delete_jobs": "successful",
    "shutdown_graceful_timeout": 20,
}
# A job that the clock asked for while no worker ran is made up for within a day.
PROCRASTINATE_PERIODIC_DEFAULTS = {"max_delay": 24 * 3600}

# What Bailiwick itself lets an operator choose; first, where people reach this server.
PUBLIC_URL = env.str("PUBLIC_URL", default="http://127.0.0.1:8000").rstrip("/")
REVIEW_SIGN_UPS = env.bool("REVIEW_SIGN_UPS", default=False)
# The proxies in front, as networks: from them alone is X-Forwarded-For believed.
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])
# Webhooks lead to the open internet, encrypted. On premises, and while developing, also into the
# network that this server stands in, which organizations then may reach.
WEBHOOK_ALLOW_PRIVATE = env.bool("WEBHOOK_ALLOW_PRIVATE", default=False)
# Money is counted in nano-units of this; the price list is in it.
CURRENCY = env.str("CURRENCY", default="USD").upper()
REQUEST_LOG_MONTHS = env.int("REQUEST_LOG_MONTHS", default=13)

# Billing. Without a subscription an organization has this plan: by default all of it, for nothing.
# The demo sells plans.
DEFAULT_PLAN = env.str("DEFAULT_PLAN", default="free" if DEMO else "enterprise")
# Who issues invoices. Without a name none are issued, and nothing can be subscribed to.
ISSUER = {
    "name": env.str("ISSUER_NAME", default=""),
    "street": env.str("ISSUER_STREET", default=""),
    "postcode": env.str("ISSUER_POSTCODE", default=""),
    "city": env.str("ISSUER_CITY", default=""),
    "country": env.str("ISSUER_COUNTRY", default=""),
    "tax_id": env.str("ISSUER_TAX_ID", default=""),
    "email": env.str("ISSUER_EMAIL", default=""),
    "phone": env.str("ISSUER_PHONE", default=""),
    "iban": env.str("ISSUER_IBAN", default=""),
    "bic": env.str("ISSUER_BIC", default=""),
    "bank": env.str("ISSUER_BANK", default=""),
}
if DEMO and not ISSUER["name"]:
    ISSUER |= {
        "name": "Fernhill Platforms GmbH",
        "street": "Lindenallee 7",
        "postcode": "20095",
        "city": "Hamburg",
        "country": "DE",
        "tax_id": "DE136695976",
        "email": "billing@fernhill.example",
        "phone": "+49 40 0000000",
        "iban": "DE89370400440532013000",
        "bic": "COBADEFFXXX",
        "bank": "Musterbank",
    }
INVOICE_PREFIX = env.str("INVOICE_PREFIX", default="INV")
INVOICE_DUE_DAYS = env.int("INVOICE_DUE_DAYS", default=14)
TAX_RATE = env.str("TAX_RATE", default="19" if DEMO else "0")
STRIPE_API_KEY = env.str("STRIPE_API_KEY", default="")
STRIPE_WEBHOOK_SECRET = env.str("STRIPE_WEBHOOK_SECRET", default="")
STRIPE_API_BASE = env.str("STRIPE_API_BASE", default="")
STRIPE_PRICES = env.dict("STRIPE_PRICES", default={})
STRIPE_TAX = env.bool("STRIPE_TAX", default=False)

# Legal pages: an address of one's own, or the page that comes with Bailiwick.
SLA_URL = env.str("SLA_URL", default="")
DPA_URL = env.str("DPA_URL", default="")
TERMS_URL = env.str("TERMS_URL", default="")
PRIVACY_URL = env.str("PRIVACY_URL", default="")
# Where support cases go as letters; the portal may set another address.
SUPPORT_EMAIL = env.str("SUPPORT_EMAIL", default="") or parseaddr(DEFAULT_FROM_EMAIL)[1]
# Which resolvers are asked to prove a domain, as `address` or `address:port`; empty: the system's.
DNS_RESOLVERS = env.list("DNS_RESOLVERS", default=[])
INVITATION_DAYS = 7
CLOSING_DAYS = 30
