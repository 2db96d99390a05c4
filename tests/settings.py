"""Settings of the test run: the site's own, on a database of its own, deaf to the developer's environment.

``DATABASE_URL`` is the one thing heard, where it names PostgreSQL: ``make test`` runs the tests marked ``db_matters`` once
more with it.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

# Named here, made and removed by tests/conftest.py; the workers of one run share it.
_home = Path(
    os.environ.setdefault("GOODSTANDING_TEST_HOME", f"{tempfile.gettempdir()}/goodstanding-test-{os.getpid()}")
)

for _name in [name for name in os.environ if name.startswith("GOODSTANDING_")]:
    if not _name.startswith("GOODSTANDING_TEST_"):
        del os.environ[_name]
if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
    os.environ["DATABASE_URL"] = f"sqlite:///{_home / 'goodstanding.sqlite3'}"
os.environ |= {
    "GOODSTANDING_ENV_FILE": "",
    "GOODSTANDING_HOME": str(_home),
    "GOODSTANDING_SECRET_KEY": "for-tests-only-" + "0123456789" * 5,
    "GOODSTANDING_CARD_KEY": "for-tests-only-" + "9876543210" * 5,
}

from goodstanding.site.settings import *  # noqa: E402, F403
from goodstanding.site.settings import DATABASES  # noqa: E402

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file, not memory: write-ahead logging, locks and a second process behave as they do in use.
    DATABASES["default"]["TEST"] = {"NAME": str(_home / "test.sqlite3")}
else:
    # What a test writes need not outlive the power: its transactions need not wait for the disk.
    _told = DATABASES["default"]["OPTIONS"].get("options", "")
    DATABASES["default"]["OPTIONS"]["options"] = f"{_told} -c synchronous_commit=off".strip()
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
# Hashing slowly is what the real hasher is for, and what a test does not wait for.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
