"""The addresses of gift cards."""

from __future__ import annotations

from django.urls import path

from goodstanding.checkout import gift_views

app_name = "gs_gifts"
urlpatterns = [
    path("", gift_views.gift, name="gift"),
    path("<str:card>/", gift_views.bought, name="bought"),
]
