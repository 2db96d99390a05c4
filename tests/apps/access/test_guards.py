"""How often standing is asked for, and what is a slip."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest
from django.http import HttpResponse
from django.template import Context, Template, TemplateSyntaxError
from django.test import RequestFactory
from django.views import View

from goodstanding.access import asking
from goodstanding.access.guards import StandingRequiredMixin, rule_for, standing_required
from goodstanding.core.access import ENTERING, Rule
from goodstanding.core.records import Status
from tests.access_cases import DAY, granted

GUARDED_PAGE = 3  # the session, the user, the standing


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ({}, Rule()),
        ({"level": "studio"}, Rule(frozenset({"studio"}))),
        ({"levels": ["studio", "bench"]}, Rule(frozenset({"studio", "bench"}))),
        ({"level": "studio", "levels": ["bench"]}, Rule(frozenset({"studio", "bench"}))),
        ({"statuses": ["good"]}, Rule(None, frozenset({Status.GOOD}))),
        ({"statuses": ENTERING}, Rule()),
    ],
)
def test_words_mean_a_rule(words, rule):
    assert rule_for(**words) == rule


@pytest.mark.parametrize(
    "words", [{"levels": []}, {"level": ""}, {"levels": [""]}, {"statuses": []}, {"statuses": ["paid"]}]
)
def test_a_slip_is_refused_where_it_is_made_and_never_means_everybody(words):
    with pytest.raises(ValueError, match=r"admits nobody|not a valid Status"):
        standing_required(**words)


def test_a_class_may_make_its_rule_of_what_it_shows(db, person):
    class Page(StandingRequiredMixin, View):
        def get_rule(self):
            return Rule.of(self.kwargs["level"])

        def get(self, request, level):
            return HttpResponse("inside")

    request = RequestFactory().get("/")
    request.user = person("bench")
    assert Page.as_view()(request, level="bench").status_code == 200
    assert Page.as_view()(request, level="studio").status_code == 403


def test_a_request_without_a_user_is_nobodys(rf):
    answer = standing_required(lambda request: HttpResponse())(rf.get("/", headers={"Accept": "application/json"}))
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "text",
    [
        "{% if_standing studio %}{% endif_standing %}",
        "{% if_standing plan='studio' %}{% endif_standing %}",
        "{% if_standing level='studio' %}",
    ],
)
def test_a_slip_in_a_template_is_told(text):
    with pytest.raises(TemplateSyntaxError):
        Template("{% load standing %}" + text)


def test_a_template_without_a_request_shows_what_is_for_others():
    text = "{% load standing %}{% if_standing level='studio' %}inside{% else %}outside{% endif_standing %}"
    assert Template(text).render(Context()) == "outside"
    assert Template(text.replace("{% else %}outside", "")).render(Context()) == ""


def test_a_template_escapes_what_it_shows(rf, person):
    request = rf.get("/")
    request.user = person("studio")
    text = "{% load standing %}{% if_standing level='studio' statuses='good, grace' %}{{ name }}{% endif_standing %}"
    assert Template(text).render(Context({"request": request, "name": "<b>"})) == "&lt;b&gt;"


@pytest.mark.django_db
@pytest.mark.urls("tests.apps.access.urls")
@pytest.mark.parametrize("many", [1, 40])
def test_a_guarded_page_costs_three_statements_whatever_there_is(
    client, person, stands, clock, django_assert_num_queries, many
):
    from goodstanding.people import services

    for count in range(many):
        other = services.make_user(email=f"other{count}@example.org", now=clock.now)
        stands(other, tuple(granted(f"level{place}") for place in range(many)))
    client.force_login(person("studio"))
    with django_assert_num_queries(GUARDED_PAGE):
        assert client.get("/decorated/studio/").status_code == 200
    with django_assert_num_queries(GUARDED_PAGE):
        assert client.get("/tagged/studio/").status_code == 200
    with django_assert_num_queries(GUARDED_PAGE):
        assert client.get("/decorated/paid/").status_code == 200
    with django_assert_num_queries(GUARDED_PAGE + 1):  # the names of the levels that would do
        assert client.get("/decorated/lapsed studio/").status_code == 403


def test_standing_is_asked_for_once_in_a_request(rf, person, django_assert_num_queries):
    request = rf.get("/")
    request.user = person("studio")
    with django_assert_num_queries(1):
        assert all(asking.decision(request, Rule.of("studio")).allowed for _ in range(5))
        assert not asking.decision(request, Rule.of("bench")).allowed
    asking.forget(request)
    with django_assert_num_queries(1):
        asking.decision(request, Rule.of("studio"))


def test_who_logs_in_within_a_request_is_asked_about_anew(rf, person, charlie):
    request = rf.get("/")
    request.user = charlie
    assert not asking.decision(request, Rule()).allowed
    request.user = person("studio")
    assert asking.decision(request, Rule()).allowed


def test_the_moment_of_a_request_is_one(rf, person, clock):
    request = rf.get("/")
    request.user = person("studio")
    assert asking.decision(request, Rule()).allowed
    clock.advance(40 * DAY)
    assert asking.decision(request, Rule(statuses=frozenset({Status.GOOD}))).allowed


def test_asking_again_is_next_to_nothing(rf):
    request = rf.get("/")
    request.user = SimpleNamespace(pk=None, is_authenticated=False)
    rule = Rule.of("studio")
    asking.decision(request, rule)
    best = min(_microseconds(lambda: asking.decision(request, rule)) for _ in range(20))
    assert best < 20, best  # 2 µs are promised, and measured by the bench; the bound is for a busy machine


def _microseconds(call):
    begun = time.perf_counter()
    for _ in range(500):
        call()
    return (time.perf_counter() - begun) / 500 * 1e6
