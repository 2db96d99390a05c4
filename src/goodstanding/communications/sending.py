"""Handing a mail over to the mail server, by Django's own mail backend."""

from __future__ import annotations

import smtplib
from datetime import datetime
from email.headerregistry import Address
from email.utils import format_datetime, parseaddr

from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.core.validators import validate_email

from goodstanding import conf
from goodstanding.communications.models import ADDRESS_LENGTH, Mail
from goodstanding.jobs.lease import GiveUp

BAD_ADDRESS = "bad_address: No mail can be sent to what stands there."


class NothingSent(Exception):
    """The mail backend took nothing, and did not say why."""


def is_address(text: str) -> bool:
    """Tell whether a mail can be sent to ``text``."""
    try:
        validate_email(text)
    except ValidationError:
        return False
    return len(text) <= ADDRESS_LENGTH


def send(mail: Mail, *, now: datetime) -> None:
    """Hand ``mail`` over. Raise ``GiveUp`` where trying again cannot help, anything else where it may.

    One that is sent twice (a worker died between sending and noting it) carries the same id twice, so that mail servers
    can tell.
    """
    if not is_address(mail.to_address):
        raise GiveUp(BAD_ADDRESS)
    sender = conf.MAIL_FROM.value()
    message = EmailMultiAlternatives(
        subject=mail.subject,
        body=mail.text,
        from_email=sender,
        to=[_reader(mail)],
        headers={
            "Message-ID": f"<{mail.pk}@{parseaddr(sender)[1].rpartition('@')[2]}>",
            "Date": format_datetime(now),
            "Content-Language": mail.language,
            "Auto-Submitted": "auto-generated",  # no answer of a machine, please
        },
    )
    if mail.html:
        message.attach_alternative(mail.html, "text/html")
    try:
        taken = message.send()
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        if codes and all(500 <= code < 600 for code in codes):
            raise GiveUp(f"address_refused: The mail server answered {codes[0]}.") from None
        raise
    if not taken:
        raise NothingSent


def _reader(mail: Mail) -> str:
    # A name that looks like an encoded one would be decoded on its way, line breaks and all.
    return str(Address(mail.to_name.replace("=?", "= ?"), addr_spec=mail.to_address))
