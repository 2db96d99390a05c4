"""The site's addresses."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from goodstanding.site import views

admin.site.site_header = "Goodstanding"
admin.site.site_title = "Goodstanding"
admin.site.index_title = "Administration"

urlpatterns = [
    path("", views.home, name="home"),
    path("favicon.ico", views.icon, name="icon"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("webhooks/", include("goodstanding.inbox.urls")),
    path("access/", include("goodstanding.access.urls")),
    path("doors/", include("goodstanding.doors.urls")),
    path("admin/", admin.site.urls),
]
