"""The addresses of the office."""

from __future__ import annotations

from django.urls import path

from goodstanding.office.views import bank, books, byhand, codes, dunning, gateways, gifts, level, lists, members

app_name = "gs_office"
urlpatterns = [
    path("", lists.home, name="front"),
    path("members/", lists.members, name="members"),
    path("members/add/", members.add, name="add"),
    path("members/<str:member>/", members.member, name="member"),
    path("members/<str:member>/change-level/<str:subscription>/", level.change, name="change_level"),
    path("members/<str:member>/<slug:name>/", members.act, name="act"),
    path("members/<str:member>/<slug:name>/<str:about>/", members.act, name="act"),
    path("invoices/", lists.invoices, name="invoices"),
    path("gift-cards/", gifts.gifts, name="gifts"),
    path("payments/", lists.payments, name="payments"),
    path("cards/", lists.cards, name="cards"),
    path("approvals/", lists.approvals, name="approvals"),
    path("alarms/", lists.alarms, name="alarms"),
    path("by-hand/", byhand.by_hand, name="by_hand"),
    path("by-hand/add/", byhand.method, name="add_hand_method"),
    path("by-hand/<slug:code>/", byhand.method, name="hand_method"),
    path("bank/", bank.statements, name="statements"),
    path("bank/<str:statement>/", bank.statement, name="statement"),
    path("codes/", codes.codes, name="codes"),
    path("codes/add/", codes.add, name="add_code"),
    path("codes/add-many/", codes.add_many, name="add_codes"),
    path("codes/lot.csv", codes.lot, name="lot"),
    path("codes/lot/", codes.switch_lot, name="switch_lot"),
    path("codes/<int:code>/", codes.code, name="code"),
    path("dunning/", dunning.dunning, name="dunning"),
    path("books/", books.months, name="books"),
    path("books/journal/", books.journal, name="journal"),
    path("gateways/", gateways.gateways, name="gateways"),
    path("gateways/again/<slug:kind>/<str:pk>/", gateways.again, name="again"),
]
