"""Who may see what: guards for pages, a template tag, and the forward-auth check that other people's proxies ask.

For a project's own views: :func:`goodstanding.access.guards.standing_required`,
:class:`goodstanding.access.guards.StandingRequiredMixin`, and in templates ``{% load standing %}``.
"""
