"""The addresses of the member's own pages."""

from __future__ import annotations

from django.urls import path

from goodstanding.portal.views import (
    access,
    balance,
    cards,
    changing,
    history,
    invited,
    membership,
    money,
    pausing,
    seat_number,
    seats,
)

app_name = "gs_portal"
urlpatterns = [
    path("", membership.membership, name="membership"),
    path("renewals/<str:subscription>/stop/", membership.stop, name="stop"),
    path("renewals/<str:subscription>/stay/", membership.stay, name="stay"),
    path("renewals/<str:subscription>/pause/", pausing.pause, name="pause"),
    path("renewals/<str:subscription>/pause/go-on/", pausing.go_on, name="go_on"),
    path("renewals/<str:subscription>/pause/drop/", pausing.drop, name="drop_pause"),
    path("renewals/<str:subscription>/change/", changing.targets, name="change"),
    path("renewals/<str:subscription>/change/<str:price>/", changing.change, name="change_to"),
    path("renewals/<str:subscription>/keep/", changing.keep, name="keep"),
    path("invoices/", money.invoices, name="invoices"),
    path("invoices/<str:invoice>/", money.invoice, name="invoice"),
    path("pay/", money.pay_next, name="pay_next"),
    path("pay/<str:invoice>/", money.pay, name="pay"),
    path("pay/<str:invoice>/again/", money.pay_again, name="pay_again"),
    path("balance/", balance.balance, name="balance"),
    path("cards/", cards.cards, name="cards"),
    path("cards/add/", cards.add, name="add_card"),
    path("cards/prefer/", cards.prefer, name="prefer_card"),
    path("cards/remove/", cards.remove, name="remove_card"),
    path("access/", access.access, name="access"),
    path("access/cards/<str:card>/lost/", access.lost, name="lost_card"),
    path("seats/<str:membership>/", seats.seats, name="seats"),
    path("seats/<str:membership>/number/", seat_number.number, name="seats_number"),
    path("seats/<str:membership>/keep/", seat_number.keep, name="keep_seats"),
    path("seats/given/<str:seat>/remove/", seats.remove, name="remove_seat"),
    path("seats/held/<str:seat>/leave/", seats.leave, name="leave_seat"),
    path("seats/invitations/<str:invitation>/again/", seats.again, name="invite_again"),
    path("seats/invitations/<str:invitation>/withdraw/", seats.withdraw, name="withdraw_invitation"),
    path("invitations/<str:invitation>/", invited.invitation, name="invitation"),
    path("invitations/<str:invitation>/<str:token>/", invited.link, name="invited"),
    path("history/", history.history, name="history"),
]
