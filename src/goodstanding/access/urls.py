"""The forward-auth check and the way in for people: to be included under ``access/``."""

from __future__ import annotations

from django.urls import path

from goodstanding.access import views

app_name = "gs_access"

urlpatterns = [
    path("check", views.check, name="check"),
    path("enter", views.enter, name="enter"),
]
