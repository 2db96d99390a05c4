"""The addresses of gifts."""

from __future__ import annotations

from django.urls import path

from goodstanding.checkout import gift_redeem_views, gift_views

app_name = "gs_gifts"
urlpatterns = [
    path("", gift_views.gift, name="gift"),
    path("redeem/", gift_redeem_views.redeem, name="redeem"),
    path("<str:card>/", gift_views.bought, name="bought"),
]
