"""What can be wrong with the settings of access, said at start with an id and a hint."""

from __future__ import annotations

from django.core import checks

from goodstanding import conf

_NOWHERE_KEPT = "django.contrib.sessions.backends.signed_cookies"


@checks.register("goodstanding")
def check_access_hosts(**_kwargs: object) -> list[checks.CheckMessage]:
    """Find guarded hosts that are never shown the access cookie: people would be led there and back for ever."""
    domain = conf.ACCESS_COOKIE_DOMAIN.value().lstrip(".").lower()
    beyond = [
        host
        for host in conf.ACCESS_HOSTS.value()
        if domain and not f".{host.lower().partition(':')[0]}".endswith(f".{domain}")
    ]
    hint = f"A browser shows the cookie to hosts of {conf.ACCESS_COOKIE_DOMAIN.name} alone, which is {domain}."
    return [checks.Warning(f"{host} is never shown the access cookie.", hint=hint, id="gs.W031") for host in beyond]


@checks.register("goodstanding")
def check_sessions(**_kwargs: object) -> list[checks.CheckMessage]:
    """Find sessions that nobody can end, and so no pass can hang on."""
    if conf.session_engine() != _NOWHERE_KEPT:
        return []
    hint = "Forward-auth lets nobody in. Keep sessions in the database or in a cache (SESSION_ENGINE)."
    return [checks.Warning("Sessions are kept in cookies alone.", hint=hint, id="gs.W032")]
