"""The pages state the formats that are read, their suffixes, and where their scored copies lie."""

from __future__ import annotations

import re

import pytest

from aemodels.io.formats import FORMATS, Format, formats_sentence
from helpers.pages import read_page

each_format = pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)


@each_format
def test_the_page_on_formats_has_a_row_for_every_format(form: Format) -> None:
    rows = [line for line in read_page("formats.md").splitlines() if line.startswith(f"| {form.versions} |")]
    assert len(rows) == 1, f"add a row `| {form.versions} | …` to docs/reference/formats.md"
    _, suffixes, kind, header, copy = (cell.strip() for cell in rows[0].strip("|").split(" | "))
    assert re.findall(r"`(\.[\w.]+)`", suffixes) == list(form.suffixes)
    assert (kind, header) == (form.kind, form.header)
    assert copy.startswith(f"`{form.folder}/`: ")


def test_the_page_on_formats_has_no_other_row() -> None:
    rows = re.findall(r"^\| ([^|]+) \| `\.", read_page("formats.md"), flags=re.MULTILINE)
    assert rows == [form.versions for form in FORMATS]


def test_the_page_on_scoring_states_which_formats_are_read() -> None:
    assert formats_sentence() in " ".join(read_page("score-arriving-files.md").split())


@each_format
def test_the_page_on_the_outbox_has_a_row_for_the_scored_copy(form: Format) -> None:
    row = f"| `{form.folder}/<stem>.<sha8>{form.copy_suffix}` |"
    assert row in read_page("outbox.md"), f"add a row {row} to docs/reference/outbox.md"
