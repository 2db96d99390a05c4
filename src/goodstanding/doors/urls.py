"""Where devices ask: to be included under ``doors/``."""

from __future__ import annotations

from django.urls import path

from goodstanding.doors import views

app_name = "gs_doors"

urlpatterns = [path("<slug:door>/tap", views.tap, name="tap")]
