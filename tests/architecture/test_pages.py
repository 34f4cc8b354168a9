"""The pages: short, readable, and every link and path in them leads somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from flows.cli.app import app
from helpers.paths import ROOT
from tasks.settings import Settings

PAGES = sorted(
    {*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "docker").rglob("*.md"), ROOT / "data/README.md"}
)
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
MAX_README_LINES = 90
MAX_PROSE = 120
LINK = re.compile(r"\]\(([^)\s]+)\)")
NAMED_PATH = re.compile(r"`((?:aemodels|tasks|flows|tests|docker|docs|\.ci)/[\w./-]*\w)`")
every_page = pytest.mark.parametrize("name", NAMES)


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def outside_code(text: str) -> Iterator[tuple[int, str]]:
    """Numbered lines that are neither in a fenced block nor indented as code."""
    fenced, list_item, blank_before = False, False, True
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced:
            if re.match(r"\s*([-*]|\d+\.) ", line):
                list_item = True
            elif line and not line.startswith(" "):
                list_item = False
            if not (line.startswith("    ") and not list_item and blank_before):
                yield number, line
                blank_before = not line.strip()
                continue
        blank_before = fenced or not line.strip() or line.startswith("    ")


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    lines = [line for _, line in outside_code(page.read_text(encoding="utf-8"))]
    return {slug(line.lstrip("#")) for line in lines if line.startswith("#")}


def long_lines(text: str) -> list[int]:
    return [
        number for number, line in outside_code(text) if len(line) > MAX_PROSE and not line.lstrip().startswith("|")
    ]


def test_the_readme_is_one_page() -> None:
    assert len(text_of("README.md").splitlines()) <= MAX_README_LINES


@every_page
def test_lines_of_prose_fit_an_editor(name: str) -> None:
    assert long_lines(text_of(name)) == []


def test_a_long_line_is_found_in_prose_alone() -> None:
    long = "word " * 30
    text = f"{long}\n| {long} |\n\n    {long}\n\n```\n{long}\n```\n- item\n  {long}\n"
    assert long_lines(text) == [1, 10]


@every_page
def test_relative_links_resolve(name: str) -> None:
    lines = "\n".join(line for _, line in outside_code(text_of(name)))
    for target in LINK.findall(lines):
        if "://" in target:
            continue
        place, _, anchor = target.partition("#")
        goal = (ROOT / name).parent / place if place else ROOT / name
        assert goal.exists(), f"{name} links to {target}, which does not exist"
        assert not anchor or anchor in anchors(goal), f"{name} links to {target}: no such heading"


@every_page
def test_named_paths_exist(name: str) -> None:
    for place in NAMED_PATH.findall(text_of(name)):
        assert (ROOT / place).exists(), f"{name} names {place}, which does not exist"


def test_every_page_is_reached_from_the_index() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / target).resolve() for target in LINK.findall(index.read_text(encoding="utf-8"))}
    pages = {page for page in (ROOT / "docs").rglob("*.md") if page != index}
    assert sorted(str(page.relative_to(ROOT)) for page in pages - linked) == []
    assert "docs/README.md" in LINK.findall(text_of("README.md"))


def test_the_page_on_commands_lists_exactly_the_commands_there_are() -> None:
    documented = re.findall(r"^\| `sondeflow (\w+)", text_of("docs/reference/commands.md"), flags=re.MULTILINE)
    assert sorted(documented) == sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def test_the_page_on_settings_lists_exactly_the_settings_there_are() -> None:
    documented = re.findall(r"^\| `SONDEFLOW_(\w+)` \|", text_of("docs/reference/settings.md"), flags=re.MULTILINE)
    assert sorted(documented) == sorted(name.upper() for name in Settings.model_fields)


def test_the_page_on_the_outbox_lists_exactly_the_columns_of_the_score_files() -> None:
    from tasks.scoring.outbox import score_schema

    page = text_of("docs/reference/outbox.md")
    for kind, curves in (("logs", ("C",)), ("seismic", ())):
        row = next(line for line in page.splitlines() if line.startswith(f"| {kind}, one row"))
        assert re.findall(r"`(\w+)`", row) == score_schema(kind, curves).names
