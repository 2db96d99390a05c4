"""The portal app."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from goodstanding.core.access import Code


class PortalConfig(AppConfig):
    """A member's own pages. It keeps nothing: it reads, and has the rooms below do things."""

    name = "goodstanding.portal"
    label = "gs_portal"
    verbose_name = _("Portal")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have the refusal page lead to where one can help oneself."""
        from goodstanding.access import remedies  # noqa: PLC0415 (models are not ready before)

        remedies.offer(
            Code.LAPSED, Code.GRACE, Code.PENDING, url_name="gs_portal:pay_next", label=_("Pay what is open")
        )
        remedies.offer(Code.NO_MEMBER, Code.LAPSED, Code.OTHER_LEVEL, url_name="gs_checkout:levels", label=_("Join"))
        remedies.offer(
            Code.LAPSED,
            Code.GRACE,
            Code.PENDING,
            Code.HELD,
            Code.OTHER_LEVEL,
            url_name="gs_portal:membership",
            label=_("My membership"),
        )
