"""Standing in templates: ``{% load standing %}``.

``{% if_standing level="studio" %} … {% else %} … {% endif_standing %}`` shows one part or the other;
``{% standing_decision level="studio" as answer %}`` gives the decision, to say why. Both take ``level``, ``levels`` (a list,
or text parted by commas) and ``statuses`` (the same). Without a request in the context nobody is let in.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import template
from django.template.base import FilterExpression, NodeList, Parser, Token, token_kwargs
from django.template.context import Context
from django.utils.safestring import SafeString, mark_safe

from goodstanding.access import asking
from goodstanding.access.guards import rule_for
from goodstanding.core.access import ENTERING, Code, Decision

register = template.Library()

WORDS = ("level", "levels", "statuses")


@register.simple_tag(takes_context=True)
def standing_decision(
    context: Context,
    *,
    level: str | None = None,
    levels: str | Iterable[str] | None = None,
    statuses: str | Iterable[str] = tuple(ENTERING),
) -> Decision:
    """Return whether who visits may enter by this rule, and why."""
    rule = rule_for(level=level, levels=_listed(levels), statuses=_listed(statuses) or ())
    request = context.get("request")
    if request is None:
        return Decision(allowed=False, code=Code.NOT_LOGGED_IN)
    return asking.decision(request, rule)


@register.tag
def if_standing(parser: Parser, token: Token) -> template.Node:
    """Show what follows to those whom the rule lets in, and what follows ``{% else %}`` to the others."""
    name, *bits = token.split_contents()
    asked = token_kwargs(bits, parser)
    if bits or not asked.keys() <= set(WORDS):
        raise template.TemplateSyntaxError(f"{name} takes {', '.join(f'{word}=…' for word in WORDS)}, nothing else.")
    shown = parser.parse(("else", "endif_standing"))
    otherwise = NodeList()
    if parser.next_token().contents == "else":
        otherwise = parser.parse(("endif_standing",))
        parser.delete_first_token()
    return IfStanding(asked, shown, otherwise)


class IfStanding(template.Node):
    """One part or the other."""

    child_nodelists = ("shown", "otherwise")

    def __init__(self, asked: dict[str, FilterExpression], shown: NodeList, otherwise: NodeList) -> None:
        self.asked, self.shown, self.otherwise = asked, shown, otherwise

    def render(self, context: Context) -> SafeString:
        """Decide, and show."""
        asked: dict[str, Any] = {word: value.resolve(context) for word, value in self.asked.items()}
        part = self.shown if standing_decision(context, **asked).allowed else self.otherwise
        return mark_safe(part.render(context))  # noqa: S308 - rendered already, escaped where it was due


def _listed(given: str | Iterable[str] | None) -> list[str] | None:
    if given is None:
        return None
    return [part.strip() for part in given.split(",") if part.strip()] if isinstance(given, str) else list(given)
