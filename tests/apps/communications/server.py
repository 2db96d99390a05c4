"""A mail server for tests: it keeps what it takes, and does what it is told to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from email.message import Message
from smtplib import quoteaddr
from typing import ClassVar

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import sanitize_address


class Server(BaseEmailBackend):
    """``taken``: the messages, as they would travel. ``fails``: what the next ones are refused with."""

    taken: ClassVar[list[Message]] = []
    fails: ClassVar[list[Exception]] = []
    readers: ClassVar[list[str]] = []  # as Django's mail backend and smtplib would name them to a mail server
    meanwhile: ClassVar[list[Callable[[], object]]] = []  # what happens elsewhere while it takes the next ones
    takes: ClassVar[bool] = True

    @classmethod
    def reset(cls) -> None:
        """Forget everything."""
        cls.taken, cls.readers, cls.fails, cls.meanwhile, cls.takes = [], [], [], [], True

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for each in email_messages:
            message = each.message()
            if self.fails:
                raise self.fails.pop(0)
            if self.takes:
                self.taken.append(message)
                self.readers.extend(quoteaddr(sanitize_address(one, "utf-8")) for one in each.recipients())
            if self.meanwhile:
                self.meanwhile.pop(0)()
        return len(email_messages) if self.takes else 0
