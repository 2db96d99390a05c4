"""Log lines carry ids and amounts, never what came with a request."""

from __future__ import annotations

import io
import logging
from typing import Any

import pytest
from django.test import Client
from django.urls import path

from goodstanding.site.logs import PlainFormatter, logging_settings


def line(message: str, **extra: object) -> str:
    record = logging.makeLogRecord({"name": "goodstanding.inbox", "levelname": "INFO", "msg": message, **extra})
    return PlainFormatter().format(record)


def test_ids_and_amounts_are_shown():
    assert line("payment recorded", payment="pay_1", amount_minor=2500).endswith(
        "INFO goodstanding.inbox: payment recorded [amount_minor=2500 payment=pay_1]"
    )


@pytest.mark.parametrize(
    "name", ["body", "request_body", "email", "card_number", "payload", "webhook_secret", "token", "Address", "headers"]
)
def test_what_may_not_be_logged_is_left_out_even_if_somebody_passes_it(name):
    assert "hidden" not in line("something happened", **{name: "hidden"})


def test_objects_are_left_out():
    assert line("refused", request=object()).endswith("refused")


def breaks(request):
    raise RuntimeError("something broke")


urlpatterns = [path("breaks", breaks)]
handler500 = "django.views.defaults.server_error"


@pytest.mark.urls(__name__)
def test_a_view_that_breaks_leaves_a_traceback_without_the_form():
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(PlainFormatter())
    logger = logging.getLogger("django.request")
    logger.addHandler(handler)
    try:
        answer = Client(raise_request_exception=False).post("/breaks?token=hidden", {"card": "4242-hidden"})
    finally:
        logger.removeHandler(handler)
    logged = handler.stream.getvalue()
    assert answer.status_code == 500
    assert "something broke" in logged
    assert "hidden" not in logged


def test_errors_are_not_mailed_and_sql_is_not_logged():
    configured: Any = logging_settings("DEBUG")
    assert list(configured["handlers"]) == ["stderr"]
    assert configured["loggers"]["django.db.backends"]["level"] == "WARNING"
