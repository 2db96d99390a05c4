"""The shop's addresses, with the receiver of webhooks among them."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("pay/webhooks/", include("goodstanding.inbox.urls")),
    path("members/", include("goodstanding.access.urls")),
]
