"""Bad files and bad words on the command line: refused in words, and no row of any table changes."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse

from tests.apps.office.conftest import words
from tests.apps.office.test_bad_input import nothing_changed

pytestmark = pytest.mark.django_db

STATEMENTS = {
    "nothing": (b"", "empty"),
    "no columns of a statement": (b"name,colour\nAlice,red\n", "column"),
    "a PDF": (b"%PDF-1.7 nonsense", "text"),
    "a program's file": (b"a\0b\0c", "text"),
}


def test_a_file_that_is_no_statement_is_refused_and_other_ways_of_writing_one_are_read(office: Any) -> None:
    address = reverse("gs_office:statements")
    with nothing_changed():
        for name, (body, said) in STATEMENTS.items():
            answer = office.post(address, {"statement": SimpleUploadedFile("x.csv", body), "currency": "EUR"})
            assert answer.status_code == 422, name
            assert said in words(answer), (name, words(answer)[:3000])
        answer = office.post(
            address, {"statement": SimpleUploadedFile("x.csv", b"Date,Amount,Text\n"), "currency": "XXX"}
        )
        assert answer.status_code == 422
    latin = "Buchungstag;Betrag;Verwendungszweck\n04.03.2026;1.000,50;für Jürgen\n".encode("cp1252")
    page = office.post(address, {"statement": SimpleUploadedFile("x.csv", latin), "currency": "EUR"}, follow=True)
    assert "für Jürgen" in words(page)


COMMANDS = [
    ("standing", "--all", "--at", "2026-02-30"),
    ("standing", "--all", "--at", "10000-01-01"),
    ("explain", "nobody@example.org"),
    ("explain", "alice@example.org", "--at", "soon"),
    ("export", "journal", "--format", "csv", "--from", "2026-03-02", "--to", "2026-03-01"),
    ("export", "journal", "--format", "csv", "--from", "2026-02-30"),
    ("export", "journal", "--format", "cobol"),
    ("import", "catalogue", "/nowhere/at/all.json"),
    ("import", "codes", "/nowhere/at/all.csv"),
    ("import", "bank", "/nowhere/at/all.csv", "--currency", "XXX"),
    ("simulate", "--until", "2026-02-30"),
    ("events", "load", "/nowhere/at/all", "--gateway", "nowhere"),
]


def test_commands_refuse_in_one_line_with_exit_code_two(alice: Any, shop: None) -> None:
    with nothing_changed():
        for name, *rest in COMMANDS:
            with pytest.raises(CommandError) as refused_with:
                call_command(name, *rest, stdout=io.StringIO(), stderr=io.StringIO())
            said = str(refused_with.value)
            by_argparse = said.startswith("Error: argument")  # which ends the program with 2
            assert by_argparse or refused_with.value.returncode == 2, (name, rest, said)
            assert "\n" not in said, (name, rest, said)
