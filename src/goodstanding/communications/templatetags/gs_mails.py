"""Days and moments as people read them in a mail: in the site's time zone, and in the mail's language."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django import template
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from goodstanding import conf
from goodstanding.communications.moments import moment_words

register = template.Library()


@register.filter
def day(value: date | datetime | None) -> str:
    """Show a date, or the day that a moment falls on."""
    if value is None:
        return ""
    found = value.astimezone(conf.time_zone()).date() if isinstance(value, datetime) else value
    return date_format(found, "DATE_FORMAT", use_l10n=True)


@register.filter
def until(moment: datetime | None) -> str:
    """Show an upper bound. It is exclusive: a midnight is the end of the day before."""
    if moment is None:
        return ""
    local = moment.astimezone(conf.time_zone())
    if local.time() == time.min:
        return _("the end of %(day)s") % {"day": day(local.date() - timedelta(days=1))}
    return moment_words(local)
