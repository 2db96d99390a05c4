"""Every command and each of its options has its line in the reference, and nothing else has; and examples can be typed."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator

import pytest
from django.core.management import BaseCommand, CommandError, CommandParser, get_commands, load_command_class

from tests.docs.pages import DOCS, PAGES, ROOT, blocks, sections, shown

PAGE = (DOCS / "reference" / "commands.md").read_text()
SECTIONS = sections(PAGE)
OURS = {name: app for name, app in get_commands().items() if app.startswith("goodstanding.")}
COMMON = {option for action in BaseCommand().create_parser("", "")._actions for option in action.option_strings}


def parser_of(command: str) -> CommandParser:
    return load_command_class(OURS[command], command).create_parser("goodstanding", command)


def parts() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Each command, or where it has actions each of these, with its parser."""
    for name in sorted(OURS):
        actions = [each for each in parser_of(name)._actions if isinstance(each, argparse._SubParsersAction)]
        yield from ((f"{name} {word}", sub) for each in actions for word, sub in each.choices.items())
        if not actions:
            yield name, parser_of(name)


PARTS = dict(parts())


def own(parser: argparse.ArgumentParser) -> set[str]:
    """The names by which the page must know a command's own arguments."""
    found = set()
    for action in parser._actions:
        if not action.option_strings:
            found.add(str(action.metavar) if action.dest == "args" else action.dest)  # Django's name for "the rest"
        elif not COMMON & set(action.option_strings):
            found.add(max(action.option_strings, key=len))
    return found


def undocumented(parser: argparse.ArgumentParser, section: str) -> set[str]:
    return {name for name in own(parser) if f"`{name}`" not in section}


def unknown(parser: argparse.ArgumentParser, section: str) -> set[str]:
    known = {option for action in parser._actions for option in action.option_strings}
    return set(re.findall(r"`(--[a-z-]+)`", section)) - known


def test_there_are_commands_to_document():
    assert {"check", "events load", "import catalogue", "standing"} <= set(PARTS)


@pytest.mark.parametrize("name", PARTS)
def test_a_command_has_its_section_with_all_its_options(name):
    assert name in SECTIONS, f"{name} is not in docs/reference/commands.md"
    assert undocumented(PARTS[name], SECTIONS[name]) == set()
    assert unknown(PARTS[name], SECTIONS[name]) == set()


def test_the_page_names_no_command_that_is_not_there():
    assert set(SECTIONS) - {"Commands"} == set(PARTS)


def test_an_option_without_its_line_and_a_line_without_its_option_are_found():
    parser = parser_of("explain")
    section = SECTIONS["explain"].replace("`--at`", "`--when`")
    assert (undocumented(parser, section), unknown(parser, section)) == ({"--at"}, {"--when"})


def examples() -> list[tuple[str, str]]:
    """Every command line of ours in a page's shell blocks: (page, what follows the command's name)."""
    found = []
    for page in PAGES:
        for block in blocks(page.read_text(), "sh"):
            lines = re.findall(r"^(?:\.venv/bin/goodstanding|gs) +([a-z][^#&|>\n]*)", block, re.MULTILINE)
            found += [(shown(page), line.strip()) for line in lines]
    return found


EXAMPLES = sorted(set(examples()))


@pytest.mark.parametrize(("page", "line"), EXAMPLES)
def test_an_example_can_be_typed(page, line):
    if line.endswith(('"', "'")):
        return  # the first line of something that goes on
    name, *arguments = shlex.split(line)
    if name not in OURS:
        assert name in get_commands()
        return
    try:
        parser_of(name).parse_args(arguments)
    except (CommandError, SystemExit) as error:
        pytest.fail(f"{page}: {line}: {error}")


def test_there_are_examples_and_the_files_that_they_name_are_there():
    named = {path for _, line in EXAMPLES for path in re.findall(r"tests/payloads/[\w./-]+", line)}
    assert len(EXAMPLES) > 10
    assert named
    assert not [path for path in named if not (ROOT / path).exists()]
