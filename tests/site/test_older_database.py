"""A database of an older site is brought up to date, and what it holds means what it meant."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from tests.site.command import Site


def test_what_was_paid_once_is_for_life_and_all_else_still_renews(tmp_path):
    site = Site(tmp_path)
    assert site.run("migrate", "gs_catalogue", "0001").returncode == 0
    with closing(sqlite3.connect(tmp_path / "var" / "goodstanding.sqlite3")) as database, database:
        database.execute("INSERT INTO gs_catalogue_levelgroup VALUES ('green', 'Green', 0)")
        database.execute("INSERT INTO gs_catalogue_level (slug, name, group_id) VALUES ('plot', 'Plot', 'green')")
        for interval in ("once", "month"):
            values = f"('prc_{interval}', 100, 'EUR', '{interval}', 1, 'plot')"
            columns = "id, amount_minor, currency, interval, interval_count, level_id"
            database.execute(f"INSERT INTO gs_catalogue_price ({columns}) VALUES {values}")
    done = site.run("migrate", "gs_catalogue", "0002")
    assert done.returncode == 0, done.stderr
    with closing(sqlite3.connect(tmp_path / "var" / "goodstanding.sqlite3")) as database:
        prices = database.execute("SELECT id, renews, is_open FROM gs_catalogue_price ORDER BY id").fetchall()
        levels = database.execute("SELECT slug, is_open, is_hidden, end_rule FROM gs_catalogue_level").fetchall()
    assert prices == [("prc_month", 1, 1), ("prc_once", 0, 1)]
    assert levels == [("plot", 1, 0, "same_day")]
