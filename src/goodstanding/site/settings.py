"""Settings of the ready-to-run site, from the environment or ``.env``; see ``docs/reference/settings.md``."""

from __future__ import annotations

import os
from pathlib import Path

from csp.constants import NONE, SELF

from goodstanding import conf
from goodstanding.site import database_url, environment, logs, smtp_url

_env = environment.Environment.load(os.environ)

# What the rooms read, each under its own name (see conf.SETTINGS).
globals().update({setting.name: _env.get(setting) for setting in conf.SETTINGS})

GOODSTANDING_HOME: Path = _env.get(conf.HOME).absolute()
GOODSTANDING_ORGANISATION = environment.organisation(_env, GOODSTANDING_HOME)
_https = _env.get(conf.HTTPS)
DEBUG = _env.get(environment.DEBUG)
SECRET_KEY = _env.get(environment.SECRET_KEY) or environment.secret_key(GOODSTANDING_HOME)
GOODSTANDING_CARD_KEY = _env.get(conf.CARD_KEY) or environment.secret_key(GOODSTANDING_HOME, "card-key")
ALLOWED_HOSTS = [*_env.get(environment.ALLOWED_HOSTS)]
CSRF_TRUSTED_ORIGINS = [*_env.get(environment.CSRF_TRUSTED_ORIGINS)]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "goodstanding.people",
    "goodstanding.catalogue",
    "goodstanding.gateways",
    "goodstanding.gateways.sandbox",
    "goodstanding.billing",
    "goodstanding.memberships",
    "goodstanding.inbox",
    "goodstanding.checkout",
    "goodstanding.access",
    "goodstanding.doors",
    "goodstanding.reports",
    "goodstanding.office",
    "goodstanding.portal",
    "goodstanding.communications",
    "goodstanding.jobs",
    "goodstanding.audit",
    "goodstanding.site",
]

MIDDLEWARE = [
    "goodstanding.access.middleware.ForwardAuthMiddleware",
    "goodstanding.site.middleware.NoNulMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "goodstanding.site.urls"
WSGI_APPLICATION = "goodstanding.site.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # The site's own first: it dresses the pages of the rooms.
        "DIRS": [Path(__file__).parent / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "goodstanding.site.clock_bar.clock_bar",
                "goodstanding.site.context.organisation",
            ]
        },
    }
]

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
if _url := _env.get(environment.DATABASE_URL):
    try:
        DATABASES = {"default": database_url.parse(_url, pool=_env.get(environment.DATABASE_POOL))}
    except database_url.BadDatabaseUrl as error:
        raise conf.BadSetting(f"{environment.DATABASE_URL.name}: {error}") from error
else:
    environment.make_home(GOODSTANDING_HOME)
    DATABASES = {"default": database_url.sqlite(str(GOODSTANDING_HOME / "goodstanding.sqlite3"))}

AUTH_USER_MODEL = "gs_people.User"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/me/"
LOGOUT_REDIRECT_URL = "/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# django-allauth: by e-mail alone; a confirmation is asked for and never waited for.
ACCOUNT_ADAPTER = "goodstanding.site.accounts.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_FORM_CLASS = "goodstanding.site.accounts.NameForm"
ACCOUNT_FORMS = {
    "login": "goodstanding.site.account_forms.LoginForm",
    "signup": "goodstanding.site.account_forms.SignupForm",
    "change_password": "goodstanding.site.account_forms.ChangePasswordForm",
    "set_password": "goodstanding.site.account_forms.SetPasswordForm",
    "reset_password": "goodstanding.site.account_forms.ResetPasswordForm",
    "reset_password_from_key": "goodstanding.site.account_forms.ResetPasswordKeyForm",
}
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if _https else "http"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = None  # asked at log-in
# Behind the proxy that ends TLS all visitors would share one address, and one limit.
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if _https else 0

LANGUAGE_CODE = "en"
TIME_ZONE = _env.get(conf.TIME_ZONE)
USE_I18N = True
USE_TZ = True

# Static files are served from where they are installed: no collecting step, nothing that can be out of date.
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

try:
    globals().update(smtp_url.parse(_env.get(environment.SMTP_URL)))
except smtp_url.BadSmtpUrl as error:
    raise conf.BadSetting(f"{environment.SMTP_URL.name}: {error}") from error
DEFAULT_FROM_EMAIL = SERVER_EMAIL = _env.get(conf.MAIL_FROM)

LOGGING = logs.logging_settings(_env.get(environment.LOG_LEVEL))

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"

SESSION_COOKIE_SECURE = _https
CSRF_COOKIE_SECURE = _https
SECURE_SSL_REDIRECT = _https
# Probes come from beside the server, by plain http.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = _env.get(environment.HSTS_SECONDS) if _https else 0
if _https:
    # The proxy that ends TLS sets this header and takes out what a visitor sent under its name.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # HSTS for every subdomain: not ours to decide, an organisation has others
    "security.W021",  # the browsers' preload list: the same, and next to irrevocable
]
if not _https:
    # Without https there is nothing to redirect to, and a cookie marked secure would never come back.
    SILENCED_SYSTEM_CHECKS += ["security.W004", "security.W008", "security.W012", "security.W016"]
