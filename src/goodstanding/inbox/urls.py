"""Where gateways deliver: to be included under ``webhooks/``."""

from __future__ import annotations

from django.urls import path

from goodstanding.inbox import views

app_name = "gs_inbox"

urlpatterns = [
    path("<slug:gateway>/<slug:account>/", views.receive, name="receive"),
]
