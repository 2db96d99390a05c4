"""The addresses of joining."""

from __future__ import annotations

from django.urls import path

from goodstanding.checkout import views

app_name = "gs_checkout"
urlpatterns = [
    path("", views.levels, name="levels"),
    path("checkout/<str:checkout>/", views.result, name="result"),
    path("<slug:level>/", views.level, name="level"),
    path("<slug:level>/<str:price>/", views.join, name="join"),
]
