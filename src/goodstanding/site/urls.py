"""The site's addresses."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from goodstanding.checkout import api as checkout_api
from goodstanding.site import clock_bar, demo_doors, demo_pages, views

admin.site.site_header = "Goodstanding"
admin.site.site_title = "Goodstanding"
admin.site.index_title = "Administration"

urlpatterns = [
    path("", views.home, name="home"),
    path("favicon.ico", views.icon, name="icon"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("accounts/", include("goodstanding.site.account_urls")),
    path("webhooks/", include("goodstanding.inbox.urls")),
    path("sandbox/", include("goodstanding.gateways.sandbox.urls")),
    path("access/", include("goodstanding.access.urls")),
    path("api/v1/", checkout_api.urls),
    path("gift/", include("goodstanding.checkout.gift_urls")),
    path("join/", include("goodstanding.checkout.urls")),
    path("me/", include("goodstanding.portal.urls")),
    path("doors/", include("goodstanding.doors.urls")),
    path("office/", include("goodstanding.office.urls")),
    path("demo/", demo_pages.everybody, name="demo_everybody"),
    path("demo/members/", demo_pages.members, name="demo_members"),
    path("demo/clock/", clock_bar.move, name="demo_clock"),
    path("demo/mails/", demo_pages.mails, name="demo_mails"),
    path("demo/doors/", demo_doors.panel, name="demo_doors"),
    path("demo/one-level/", demo_pages.one_level, name="demo_one_level"),
    path("admin/", admin.site.urls),
]
