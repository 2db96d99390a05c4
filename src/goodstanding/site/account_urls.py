"""The accounts' addresses: those of allauth's pages that we want, under the names that it looks for, and no others."""

from __future__ import annotations

from allauth.account import views
from django.urls import path, re_path
from django.views.decorators.cache import never_cache

urlpatterns = [
    path("signup/", views.signup, name="account_signup"),
    path("login/", views.login, name="account_login"),
    path("logout/", views.logout, name="account_logout"),
    path("password/change/", never_cache(views.password_change), name="account_change_password"),
    path("password/set/", never_cache(views.password_set), name="account_set_password"),
    path("password/reset/", never_cache(views.password_reset), name="account_reset_password"),
    path("password/reset/done/", views.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        never_cache(views.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
    path("password/reset/key/done/", views.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    path("confirm-email/", views.email_verification_sent, name="account_email_verification_sent"),
    re_path(r"^confirm-email/(?P<key>[-:\w]+)/$", never_cache(views.confirm_email), name="account_confirm_email"),
]
