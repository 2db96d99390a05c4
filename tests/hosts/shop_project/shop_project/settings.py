"""A shop with customers of its own that installs Goodstanding's apps: everything but its site."""

import os

SECRET_KEY = "the-shop-is-a-test-and-serves-nobody-" + "x" * 30
DEBUG = False
ALLOWED_HOSTS = ["localhost"]
USE_TZ = True
TIME_ZONE = "Europe/Berlin"
ROOT_URLCONF = "shop_project.urls"
AUTH_USER_MODEL = "shop.Customer"
GOODSTANDING_CLOCK = os.environ.get("SHOP_CLOCK", "")
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"  # as older projects have it

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "shop",
    "goodstanding.people",
    "goodstanding.catalogue",
    "goodstanding.gateways",
    "goodstanding.gateways.sandbox",
    "goodstanding.billing",
    "goodstanding.memberships",
    "goodstanding.inbox",
    "goodstanding.access",
    "goodstanding.jobs",
    "goodstanding.audit",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ["SHOP_DATABASE"],
        "OPTIONS": {"transaction_mode": os.environ.get("SHOP_TRANSACTION_MODE", "IMMEDIATE")},
    }
}
