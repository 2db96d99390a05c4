"""Settings come from the environment, then from .env; what cannot be read is named."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from goodstanding import conf
from goodstanding.conf import BadSetting
from goodstanding.site import environment
from goodstanding.site.environment import Environment, read_file, secret_key


def test_the_environment_wins_over_the_file(tmp_path):
    file = tmp_path / "settings.env"
    file.write_text("PORT=9000\nGOODSTANDING_TIME_ZONE=Europe/Berlin\n")
    env = Environment.load({"GOODSTANDING_ENV_FILE": str(file), "PORT": "9001"})
    assert env.get(conf.PORT) == 9001
    assert env.get(conf.TIME_ZONE) == "Europe/Berlin"


def test_without_a_file_and_with_an_empty_text_the_default_holds(tmp_path):
    env = Environment.load({"GOODSTANDING_ENV_FILE": str(tmp_path / "none"), "PORT": ""})
    assert env.get(conf.PORT) == 8000


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("NAME=plain", "plain"),
        ("NAME = spaced out ", "spaced out"),
        ("export NAME=exported", "exported"),
        ("NAME='one $two'", "one $two"),
        ('NAME="a#b=c"', "a#b=c"),
        ("NAME=", ""),
        ("NAME='", "'"),
    ],
)
def test_a_line_of_the_file_is_read(tmp_path, line, value):
    (tmp_path / "f").write_text(f"# a comment\n\n{line}\n")
    assert read_file(tmp_path / "f") == {"NAME": value}


def test_a_line_that_is_none_is_named_without_what_it_holds(tmp_path):
    (tmp_path / "f").write_text("PORT=1\nthis is secret\n")
    with pytest.raises(BadSetting, match="line 2") as caught:
        read_file(tmp_path / "f")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("setting", "text", "words"),
    [
        (conf.PORT, "http", "PORT: 'http' is not a whole number from 1 to 65535"),
        (conf.PORT, "65536", "PORT"),
        (conf.PORT, "²", "PORT"),
        (conf.HTTPS, "maybe", "GOODSTANDING_HTTPS: 'maybe' is neither"),
        (conf.TIME_ZONE, "Berlin", "GOODSTANDING_TIME_ZONE: 'Berlin' is no time zone"),
        (conf.TIME_ZONE, "../../etc/passwd", "GOODSTANDING_TIME_ZONE"),
        (conf.CLOCK, "tomorrow", "GOODSTANDING_CLOCK"),
        (conf.CLOCK, "2026-01-31T10:00:00", "GOODSTANDING_CLOCK"),
        (environment.LOG_LEVEL, "LOUD", "GOODSTANDING_LOG_LEVEL"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_name(setting, text, words):
    with pytest.raises(BadSetting) as caught:
        Environment({setting.name: text}).get(setting)
    assert words in str(caught.value)


def test_a_slip_of_the_pen_is_found_and_the_tests_own_names_are_not():
    env = Environment({"GOODSTANDING_TIMEZONE": "x", "GOODSTANDING_TEST_POSTGRES": "x", "HOME": "x", "PORT": "1"})
    assert env.unknown() == ["GOODSTANDING_TIMEZONE"]


def test_the_secret_key_is_made_once_for_its_owner_only(tmp_path):
    home = tmp_path / "var"
    first = secret_key(home)
    assert secret_key(home) == first
    assert len(first) >= 50
    assert stat.S_IMODE((home / "secret-key").stat().st_mode) == 0o600
    assert [path.name for path in home.iterdir()] == ["secret-key"]


def test_each_home_has_a_key_of_its_own(tmp_path):
    assert secret_key(tmp_path / "one") != secret_key(tmp_path / "two")


def test_processes_that_start_at_once_agree_on_the_key(tmp_path):
    keys = []
    threads = [threading.Thread(target=lambda: keys.append(secret_key(tmp_path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8
    assert len(set(keys)) == 1


def test_a_key_that_was_emptied_is_not_used(tmp_path):
    (tmp_path / "secret-key").write_text("\n")
    with pytest.raises(BadSetting, match="holds no key"):
        secret_key(tmp_path)


def test_a_home_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "var").touch()
    with pytest.raises(BadSetting, match="cannot be written: it is not a folder"):
        environment.make_home(tmp_path / "var")


def test_a_home_that_cannot_be_made_is_refused():
    with pytest.raises(BadSetting, match="cannot be written"):
        environment.make_home(Path("/proc/goodstanding"))
