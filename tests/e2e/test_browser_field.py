"""The scorecard of a field in a real browser with the network cut: it sorts, filters, draws and asks for nothing."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from aemodels.core.findings import Finding
from helpers.browser import Watched
from helpers.report_steps import HOSTILE
from helpers.scored_field import publish, well, write_scored_field
from tasks.field.make import FieldRequest, make_field
from tasks.settings import Settings

pytest_plugins = ("helpers.browser_fixtures",)


@pytest.fixture
def opened(opened_page, tmp_path: Path) -> Callable[..., Watched]:
    """Open the page of an outbox; at the end nothing may have been asked for or complained about."""

    def show(outbox: Path, *, scripts: bool = True) -> Watched:
        page = tmp_path / "pages" / "field.html"
        make_field(FieldRequest(outbox=outbox, out=page), Settings(home=tmp_path / "home"))
        return opened_page(page, "#field[data-drawn]", scripts=scripts)

    return show


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    write_scored_field(tmp_path / "outbox")
    return tmp_path / "outbox"


def names(shown: Watched) -> list[str]:
    return [text.split("\n")[0] for text in shown.page.locator("td.name > :first-child").all_inner_texts()]


def test_the_ranking_sorts_filters_and_searches(opened, outbox) -> None:
    shown = opened(outbox)
    assert names(shown)[:2] == ["W-11", "W-10"]
    shown.page.get_by_role("button", name="Name", exact=True).click()
    assert names(shown)[:2] == ["L-1", "W-0"]
    shown.page.get_by_role("button", name="Flagged").click()
    assert names(shown)[0] == "W-11"
    shown.page.get_by_label("Kind").select_option("seismic")
    assert names(shown) == ["L-1"]
    shown.page.get_by_role("button", name="Clear").click()
    shown.page.get_by_label("Contractor").select_option("ALPHA")
    assert len(names(shown)) == 6
    shown.page.get_by_label("Search").fill("w-11")
    assert names(shown) == ["W-11"]
    shown.page.get_by_label("Search").fill("nothing is called this")
    assert names(shown) == []
    assert "no file passes" in shown.page.locator("#page").inner_text()


def test_a_row_opens_to_what_it_is_made_of_by_key(opened, outbox) -> None:
    shown = opened(outbox)
    shown.page.locator("tr.file button").first.focus()
    shown.page.keyboard.press("Enter")
    detail = shown.page.locator("tr.detail").inner_text()
    assert "flagged" in detail and "stuck 16.8 m" in detail
    assert "[unit-missing] curve NPHI" in detail
    assert [row.split("\t")[0] for row in shown.page.locator("tr.detail tbody tr").all_inner_texts()][:2] == [
        "GR",
        "RHOB",
    ]
    shown.page.keyboard.press("Enter")
    assert shown.page.locator("tr.detail").count() == 0


def test_a_name_leads_to_the_report(opened, outbox) -> None:
    shown = opened(outbox)
    shown.page.get_by_role("link", name="W-11").click()
    shown.page.wait_for_load_state()
    assert shown.page.title() == "0000000c"


def test_the_matrix_is_coloured_and_leads_to_the_well(opened, outbox) -> None:
    shown = opened(outbox)
    matrix = shown.page.locator("#matrix")
    colours = """canvas => {
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        const found = { good: 0, bad: 0 };
        for (let i = 0; i < data.length; i += 4) {
            if (data[i] === 219 && data[i + 1] === 233) found.good++;
            if (data[i] > 200 && data[i + 2] < 140) found.bad++;
        }
        return found;
    }"""
    before = matrix.evaluate(colours)
    assert before["good"] > 5000 and before["bad"] > 500, before
    matrix.click(position={"x": 300, "y": 5 * 16 + 8})
    assert shown.page.locator("tr.detail").count() == 1
    assert shown.page.locator("tr.file:has(+ tr.detail) td.name").inner_text().startswith("W-6")
    shown.page.locator("#measure").select_option("gaps")
    assert matrix.evaluate(colours)["bad"] == 0, "no gaps were made"


def test_curves_that_are_not_scored_stand_in_the_matrix_too(opened, outbox) -> None:
    values = np.full(1200, 3.0, np.float32)
    values[300:900] = np.nan
    publish(outbox, well(60), slice(0, 1100), others={"PEF": values, HOSTILE: values, "EMPTY": values * np.nan})
    shown = opened(outbox)
    shown.page.locator("tr.file button").first.click()
    lines = shown.page.locator("tr.detail tbody tr").all_inner_texts()
    assert [line.split("\t")[0] for line in lines][-2:] == ["PEF", HOSTILE[:40]]
    assert lines[-1].split("\t")[3:5] == ["50 %", "–"], "half of it is a gap, and nothing is known of flags"
    head = shown.page.locator("#matrix-head")
    edges = shown.page.evaluate("grid.lefts")
    assert edges[-1] - edges[-2] == 22 and head.bounding_box()["height"] == 96
    shown.page.locator("#matrix").hover(position={"x": edges[-1] - 10, "y": 8})
    assert "not scored by the model" in shown.page.locator("#matrix-tip").inner_text()
    shown.page.locator("#curve").select_option("PEF")
    assert names(shown) == ["W-60"]
    assert shown.page.locator("img").count() == 0


def test_coverage_and_map_are_drawn(opened, outbox) -> None:
    shown = opened(outbox)
    assert not shown.blank("#coverage canvas")
    assert shown.page.locator("#map").is_visible()
    reds = """canvas => {
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return data.filter((value, i) => i % 4 === 0 && value === 219 && data[i + 1] === 233).length;
    }"""
    assert shown.page.locator("#map canvas").evaluate(reds) > 20, "the well with nothing flagged"


def test_hostile_text_runs_nothing(opened, outbox) -> None:
    bad = Finding("error", HOSTILE, HOSTILE, HOSTILE, "x", "y")
    one = well(50, SRVC=HOSTILE, LATI=HOSTILE)
    source = dataclasses.replace(one.source, uri=f"in/{HOSTILE.replace('/', '_')}.las")
    publish(outbox, dataclasses.replace(one, name=HOSTILE, findings=(bad,), source=source), slice(0, 900), HOSTILE)
    shown = opened(outbox)
    assert names(shown)[0] == HOSTILE
    shown.page.locator("tr.file button").first.click()
    assert HOSTILE in shown.page.locator("tr.detail").inner_text()
    assert shown.page.locator("img").count() == 0


def test_print_shows_the_ranking_without_tools(opened, outbox) -> None:
    shown = opened(outbox)
    shown.page.emulate_media(media="print")
    shown.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert shown.page.locator(".tools").first.is_hidden()
    assert len(names(shown)) == 13
    assert shown.page.pdf(format="A4").startswith(b"%PDF")


def test_without_scripts_the_first_files_remain(opened, outbox) -> None:
    shown = opened(outbox, scripts=False)
    assert "W-11" in shown.page.locator("noscript table").inner_text()


@pytest.mark.slow
def test_a_thousand_wells_open_in_three_seconds(opened, tmp_path) -> None:
    outbox = tmp_path / "many"
    for number in range(1000):
        publish(outbox, well(number, LATI=str(58 + number / 1e3), LONG="2.5"), slice(100, 100 + number // 10))
    shown = opened(outbox)
    started = time.perf_counter()
    shown.page.reload()
    shown.page.wait_for_selector("#field[data-drawn]")
    assert time.perf_counter() - started < 3
    assert not shown.blank("#matrix")
    box = shown.page.locator("#matrix-box")
    box.evaluate("box => { box.scrollTop = box.scrollHeight }")
    shown.page.wait_for_timeout(100)
    last = shown.page.evaluate("FILES.name[grid.rows.at(-1)]")
    shown.page.locator("#matrix").click(position={"x": 300, "y": box.evaluate("box => box.clientHeight - 24 - 8")})
    assert shown.page.locator("tr.file:has(+ tr.detail) td.name").inner_text().startswith(last)
    shown.page.get_by_label("all rows at a glance").check()
    assert shown.page.evaluate("grid.row") == 1
    assert not shown.blank("#matrix")
