"""The vendor's pages for payers: to be included, for example under ``sandbox/``."""

from __future__ import annotations

from django.urls import path

from goodstanding.gateways.sandbox import views

app_name = "gs_sandbox"

urlpatterns = [
    path("pay/<slug:page>/", views.pay, name="pay"),
    path("challenge/<slug:page>/", views.challenge, name="challenge"),
]
