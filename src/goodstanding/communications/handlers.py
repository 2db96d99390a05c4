"""What the worker does for this app: it sends mails."""

from __future__ import annotations

from goodstanding.communications import services
from goodstanding.jobs import registry

MAILS = registry.Source("communications", services.claim, services.process)

registry.source(MAILS)
registry.agenda("communications", lambda _now: services.due_at())
