"""Every kind of mail says what happened, in text and in HTML, and is told what it needs."""

from __future__ import annotations

from datetime import UTC, date, datetime
from html import escape
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation
from django.utils.translation import gettext_lazy, trans_real

from goodstanding.communications import kinds
from goodstanding.communications.kinds import KINDS, VALUES, BadContext, UnknownKind, Value
from goodstanding.communications.rendering import Rendered, render
from tests.apps.communications.told import LINK, SAYS, TOLD

TEMPLATES = Path(kinds.__file__).parent / "templates" / "gs_communications" / "mails"
EACH = pytest.mark.parametrize("kind", sorted(KINDS))


def rendered(kind: str, *, name: str = "Alice", language: str = "", **more: object) -> Rendered:
    return render(kind, {**TOLD[kind], **more}, name=name, language=language)


def names(kind: str) -> set[str]:
    return {*KINDS[kind].needs, *KINDS[kind].may}


def test_the_tests_know_every_kind_and_all_that_it_may_be_told():
    assert {kind: set(told) for kind, told in TOLD.items()} == {kind: names(kind) for kind in KINDS}
    assert {name for kind in KINDS for name in names(kind)} == set(VALUES)
    files = {f"{kind}.{form}" for kind in (*KINDS, "base") for form in ("txt", "html")}
    assert {path.name for path in TEMPLATES.iterdir()} == files


@EACH
def test_a_mail_says_what_happened(kind):
    mail = rendered(kind)
    subject, *says = SAYS[kind]
    assert mail.subject == subject
    assert mail.text.startswith("Hello Alice,\n\n")
    for words in (*says, LINK, "Kind regards\nGoodstanding"):
        assert words in mail.text, words
        for line in words.splitlines():
            # The rows of a receipt stand in a table, a link in a button: what was told is found, as text.
            for part in line.removeprefix("- ").split(": ") if kind == "receipt" else [line]:
                assert escape(part) in mail.html, part


@EACH
def test_what_was_told_is_text_in_html_and_as_it_is_in_text(kind):
    told = {name: value for name, value in TOLD[kind].items() if isinstance(value, str) and name != "link"}
    evil = {name: f"<script>{name}</script>" for name in told}
    mail = rendered(kind, name="<Alice & 'Bob'>", **evil)
    assert "<script" not in mail.html
    assert "&lt;Alice &amp; &#x27;Bob&#x27;&gt;" in mail.html
    assert "Hello <Alice & 'Bob'>," in mail.text
    assert "&lt;" not in mail.text + mail.subject
    for name in told:
        assert f"<script>{name}</script>" in mail.text + mail.subject, name


@EACH
def test_a_mail_is_whole_without_what_it_may_be_told_or_not(kind):
    least = {name: value for name, value in TOLD[kind].items() if name in KINDS[kind].needs} | {"link": ""}
    mail = render(kind, least, name="", language="")
    assert mail.text.startswith("Hello,\n\n")
    assert "<a " not in mail.html
    for left_over in ("None", "\n\n\n", "until .", "on ."):
        assert left_over not in mail.text, mail.text
    assert "None" not in mail.html
    every_name_none = render(kind, {**dict.fromkeys(KINDS[kind].may), **least}, name="", language="")
    assert every_name_none == mail


@EACH
def test_a_mail_loads_nothing_from_anywhere(kind):
    html = rendered(kind).html
    assert not [tag for tag in ("<img", "<link", "<script", "<style", "url(", "@import") if tag in html]
    assert html.count("http") == 1  # the link


@EACH
def test_what_is_missing_is_named(kind):
    for name in KINDS[kind].needs:
        told = {**TOLD[kind]}
        del told[name]
        with pytest.raises(BadContext, match=f"^{kind} needs {name}$"):
            render(kind, told, name="Alice", language="")


def test_a_kind_that_is_not_there_is_refused():
    with pytest.raises(UnknownKind, match="greeting"):
        render("greeting", {}, name="", language="")


def test_a_name_that_the_kind_does_not_know_is_refused():
    with pytest.raises(BadContext, match=r"^lapsed knows nothing of nonsense$"):
        rendered("lapsed", nonsense="alice@example.org")


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("card_challenge", "amount", 2500),
        ("card_challenge", "link", "/me/"),
        ("card_challenge", "link", "javascript:alert(1)"),
        ("card_challenge", "link", "https://example.org/\nBcc: bob@example.org"),
        ("lapsed", "since", datetime(2026, 3, 1)),  # noqa: DTZ001 - a naive one is what is refused
        ("lapsed", "since", date(2026, 3, 1)),
        ("invoice", "due_on", datetime(2026, 3, 1, tzinfo=UTC)),
        ("invoice", "due_on", "2026-03-01"),
        ("receipt", "lines", [("March",)]),
        ("receipt", "lines", [("March", 2500)]),
    ],
)
def test_a_value_of_another_sort_is_refused_and_not_repeated(kind, name, value):
    with pytest.raises(BadContext) as caught:
        rendered(kind, **{name: value})
    assert str(caught.value) == f"{kind}: {name} is no {VALUES[name]}"
    assert caught.value.__suppress_context__


# Moments and days


@pytest.mark.parametrize(
    ("zone", "at", "words"),
    [
        ("UTC", datetime(2026, 4, 4, tzinfo=UTC), "until the end of April 3, 2026."),
        ("Europe/Berlin", datetime(2026, 4, 3, 22, 0, tzinfo=UTC), "until the end of April 3, 2026."),
        ("Europe/Berlin", datetime(2026, 4, 4, tzinfo=UTC), "until April 4, 2026, 2 am."),
        ("America/New_York", datetime(2027, 1, 1, 5, 0, tzinfo=UTC), "until the end of Dec. 31, 2026."),
    ],
)
def test_an_end_is_told_in_the_sites_zone_and_midnight_is_the_day_before(settings, zone, at, words):
    settings.GOODSTANDING_TIME_ZONE = zone
    assert words in rendered("cancelled", covered_until=at).text


def test_a_moment_falls_on_a_day_of_the_sites_zone(settings):
    settings.GOODSTANDING_TIME_ZONE = "Pacific/Auckland"
    assert "lapsed on March 12, 2026" in rendered("lapsed", since=datetime(2026, 3, 11, 12, 0, tzinfo=UTC)).text


# Languages


def test_a_mail_is_in_the_language_asked_for(monkeypatch):
    german: Any = trans_real.DjangoTranslation("de")
    german._catalog["Welcome to %(organisation)s"] = "Willkommen bei %(organisation)s"
    monkeypatch.setitem(vars(trans_real)["_translations"], "de", german)
    mail = rendered("welcome", language="de-at")
    assert (mail.subject, mail.language) == ("Willkommen bei Goodstanding", "de")
    assert '<html lang="de" dir="ltr">' in mail.html
    assert "3. April 2026" in mail.text
    assert translation.get_language() == "en"
    assert rendered("welcome").subject == "Welcome to Goodstanding"


@pytest.mark.parametrize("language", ["", "tlh", "not a language\n", "x" * 600])
def test_a_language_that_the_site_does_not_speak_falls_back_to_its_own(settings, language):
    settings.LANGUAGE_CODE = "fr"
    assert rendered("welcome", language=language).language == "fr"


def test_a_language_written_from_right_to_left_says_so():
    assert '<html lang="he" dir="rtl">' in rendered("welcome", language="he").html


def test_lazy_words_are_read_in_the_mails_language():
    with translation.override("en"):
        words = gettext_lazy("Yes")
        assert "Ja" in rendered("payment_failed", reason=words, language="de").text


# Overlong and broken lines


def test_a_line_break_in_a_value_breaks_no_line():
    mail = rendered("cancelled", level="Full\r\nBcc: bob@example.org\x00\x85\u2028X")
    assert mail.subject == "Your membership Full Bcc: bob@example.org X is cancelled"
    assert "\nBcc" not in mail.text


def test_a_subject_has_an_end():
    assert len(rendered("cancelled", level="a" * 1000).subject) == 200


def test_the_organisation_is_named(settings):
    settings.GOODSTANDING_ORGANISATION = "Fixers & Friends"
    mail = rendered("welcome")
    assert mail.subject == "Welcome to Fixers & Friends"
    assert "Fixers &amp; Friends" in mail.html
    assert "a membership at Fixers & Friends" in mail.text


@EACH
@pytest.mark.parametrize("hour", [8, 20])
def test_a_sentence_that_a_moment_ends_has_one_full_stop(kind, hour):
    """Each moment in the morning, and in the evening: ``until 4 April, 10 a.m..`` was said."""
    moments: Any = {
        name: datetime(2026, 4, 4, hour, 15, tzinfo=UTC) for name in names(kind) if VALUES[name] is Value.MOMENT
    }
    mail = rendered(kind, **moments)
    for said in (mail.subject, mail.text, mail.html):
        assert ".." not in said, said
