"""File reports in a real browser with the network cut: they draw, answer to mouse and keys, ask for nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from aemodels.core.findings import Finding
from aemodels.core.types import Channel, Recording, Scores
from aemodels.curves.canonical import CANONICAL
from aemodels.report.html.report import render_report
from helpers.browser import Watched, watch
from helpers.recordings import make_line, make_well
from helpers.report_steps import HOSTILE

pytest_plugins = ("helpers.browser_fixtures",)
FLAGGED = slice(600, 620)
FINDING = Finding("warning", "unit-assumed", "curve NPHI", "no unit", "v/v", "name the unit")


def scored_well(**changes: object) -> tuple[Recording, Scores]:
    """A well of 1,200 samples with a stretch of RHOB that is too high, and a washout above it."""
    well = make_well("A-1")
    raw, denoised = np.array(well.values), (well.values * np.float32(1.001)).astype(np.float32)
    raw[1, FLAGGED] = 2.9
    channel_score = np.full(raw.shape, 0.2, np.float32)
    channel_score[1, FLAGGED] = 3.0
    reason = tuple("unknown" if score > 1 else "" for score in channel_score.max(axis=0))
    scores = Scores("logs", channel_score.max(axis=0), 1.0, reason, well.names, raw, denoised, channel_score)
    caliper = np.full((2, 1200), 8.5, np.float32)
    caliper[0, 300:400] = 12.0
    channels = tuple(Channel(name, CANONICAL[name].unit) for name in (*well.names, "CALI", "BS"))
    return dataclasses.replace(well, values=np.vstack([raw, caliper]), channels=channels, **changes), scores


def scored_line() -> tuple[Recording, Scores]:
    line = make_line("L-1")
    denoised = 0.9 * line.values
    score = np.full(60, 0.3, np.float32)
    score[[20, 21, 40]] = 2.0
    reason = tuple("noisy" if value > 1 else "" for value in score)
    parts = reason, line.names, np.array(line.values), denoised.astype(np.float32), score[:, np.newaxis]
    return line, Scores("seismic", score, 1.0, *parts)


@pytest.fixture
def opened(opened_page, tmp_path: Path) -> Callable[..., Watched]:
    """Open the report of a scored file; at the end nothing may have been asked for or complained about."""

    def show(recording: Recording, scores: Scores, *, scripts: bool = True) -> Watched:
        path = tmp_path / "report.html"
        path.write_text(
            render_report(recording, scores, bundle_label="sondeflow-logs-v3", findings=[FINDING]), encoding="utf-8"
        )
        return opened_page(path, scripts=scripts)

    return show


def extent(watched: Watched) -> tuple[float, float]:
    """Top and base of what the figure shows."""
    figure = watched.page.locator(".figure")
    return float(figure.get_attribute("data-y0")), float(figure.get_attribute("data-y1"))


def redrawn(watched: Watched, before: tuple[float, float]) -> tuple[float, float]:
    for _ in range(100):
        if extent(watched) != before:
            break
        watched.page.wait_for_timeout(20)
    return extent(watched)


def test_a_well_is_drawn_with_its_tables(opened) -> None:
    shown = opened(*scored_well())
    assert not shown.blank()
    headers = shown.page.locator("h2").all_inner_texts()
    assert headers == ["Review", "Flagged intervals", "Curves", "Findings of the reader and the quality rules"]
    row = shown.page.locator("tr[data-from] td").all_inner_texts()
    assert row[:5] == ["1091.36", "1094.41", "3.05", "RHOB", "unknown"]
    assert row[6].startswith("RHOB +") and "g/cm3" in row[6]
    assert "unit-assumed" in shown.page.locator("table").last.inner_text()


def test_what_is_taken_out_of_the_figure_disappears(opened) -> None:
    shown = opened(*scored_well())
    count = """canvas => {
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        let marks = 0;
        for (let i = 0; i < data.length; i += 4) marks += data[i] === 179 && data[i + 1] === 71 && data[i + 2] === 0;
        return marks;
    }"""
    canvas = shown.page.locator("canvas.base")
    before = canvas.evaluate(count)
    shown.page.get_by_role("checkbox", name="flagged").uncheck()
    shown.page.wait_for_timeout(100)
    after = canvas.evaluate(count)
    assert after < before - 100, "the threshold's line stays, the bars of the flagged interval go"


def test_a_click_on_an_interval_shows_it(opened) -> None:
    shown = opened(*scored_well())
    whole = extent(shown)
    shown.page.locator("tr[data-from]").click()
    top, base = redrawn(shown, whole)
    assert whole[0] < top < 1091.36 and 1094.41 < base < whole[1]
    assert base - top < 0.2 * (whole[1] - whole[0])


def test_mouse_and_keys_zoom_and_come_back(opened) -> None:
    shown = opened(*scored_well())
    whole, box = extent(shown), shown.page.locator("canvas.over").bounding_box()
    x, middle = box["x"] + 300, box["y"] + box["height"] / 2
    shown.page.mouse.move(x, middle - 60)
    shown.page.mouse.down()
    shown.page.mouse.move(x, middle + 60, steps=4)
    shown.page.mouse.up()
    dragged = redrawn(shown, whole)
    assert dragged[1] - dragged[0] < 0.3 * (whole[1] - whole[0])
    shown.page.mouse.wheel(0, -120)
    nearer = redrawn(shown, dragged)
    assert nearer[1] - nearer[0] < dragged[1] - dragged[0], "the wheel zooms in once the figure was clicked"
    shown.page.keyboard.press("ArrowDown")
    lower = redrawn(shown, nearer)
    assert lower[0] > nearer[0]
    assert lower[1] - lower[0] == pytest.approx(nearer[1] - nearer[0])
    shown.page.mouse.dblclick(x, middle)
    assert redrawn(shown, lower) == pytest.approx(whole)


def test_the_readout_holds_the_values_of_the_file(opened) -> None:
    recording, scores = scored_well()
    shown = opened(recording, scores)
    box = shown.page.locator("canvas.over").bounding_box()
    shown.page.mouse.move(box["x"] + 300, box["y"] + 0.6 * box["height"])
    rows = [row.all_inner_texts() for row in (r.locator("span") for r in shown.page.locator(".tip div").all())]
    depth = float(rows[0][0].split()[1])
    row = int(np.argmin(np.abs(recording.axis - depth)))
    read = {cells[0]: cells[1] for cells in rows[1:]}
    assert set(read) >= {"GR", "RHOB", "NPHI", "DTC", "RDEP", "CALI", "BS", "score"}
    for curve in ("GR", "RHOB", "NPHI", "DTC", "RDEP"):
        raw, denoised = (float(part.split()[1]) for part in read[curve].split(", "))
        assert raw == pytest.approx(recording.channel(curve)[row], rel=2e-3)
        assert denoised == pytest.approx(scores.denoised[scores.channels.index(curve), row], rel=2e-3)
    assert float(read["BS"].split()[0]) == 8.5


def test_a_line_is_drawn_in_both_colours_and_lists_its_traces(opened) -> None:
    shown = opened(*scored_line())
    signs = shown.page.locator("canvas.base").evaluate("""canvas => {
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        const found = { red: 0, blue: 0 };
        for (let i = 0; i < data.length; i += 4) {
            if (data[i] > data[i + 2] + 60) found.red++;
            if (data[i + 2] > data[i] + 60) found.blue++;
        }
        return found;
    }""")
    assert min(signs.values()) > 5000, signs
    listed = [row.split("\t")[:2] for row in shown.page.locator("tr[data-first]").all_inner_texts()]
    assert listed == [["20", "21"], ["40", "40"]]
    shown.page.locator("tr[data-first]").last.click()
    shown.page.wait_for_selector(".figure:not([data-x0='-0.5'])")
    box = shown.page.locator("canvas.over").bounding_box()
    shown.page.mouse.move(box["x"] + 200, box["y"] + 300)
    assert {"raw", "denoised", "residual", "score"} <= set(
        shown.page.locator(".tip span:first-child").all_inner_texts()
    )


def test_on_paper_the_figure_is_larger_and_the_tools_are_gone(opened) -> None:
    shown = opened(*scored_well())
    width = shown.page.locator("canvas.base").evaluate("canvas => canvas.width")
    shown.page.emulate_media(media="print")
    shown.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert shown.page.locator("canvas.base").evaluate("canvas => canvas.width") > 2 * width
    assert not shown.blank()
    assert shown.page.locator(".tools").first.is_hidden()
    assert shown.page.locator("canvas.base").is_visible() and shown.page.locator("tr[data-from]").is_visible()
    assert shown.page.pdf(format="A4").startswith(b"%PDF")


def test_without_scripts_a_sentence_and_the_tables_remain(opened) -> None:
    shown = opened(*scored_well(), scripts=False)
    assert shown.page.locator("noscript p").is_visible()
    assert shown.page.locator(".figure").is_hidden()
    assert shown.page.locator("tr[data-from]").count() == 1


def test_hostile_text_runs_nothing(opened) -> None:
    recording, scores = scored_well(name=HOSTILE)
    scores = dataclasses.replace(scores, reason=tuple(HOSTILE if reason else "" for reason in scores.reason))
    shown = opened(recording, scores)
    assert shown.page.locator("h1").inner_text() == HOSTILE
    assert not shown.blank()


def test_the_policy_refuses_requests_and_foreign_scripts(browser, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    html = render_report(*scored_well(), bundle_label="v3", findings=[])
    path.write_text(html.replace("</body>", "<script>document.title = 'taken over'</script></body>"), encoding="utf-8")
    shown = watch(browser)
    shown.page.goto(path.as_uri())
    assert shown.page.evaluate("fetch('http://127.0.0.1:9/x').then(() => 'sent', () => 'refused')") == "refused"
    assert [address for address in shown.requests if address.startswith("http")] == [], "not even tried"
    assert shown.page.title() != "taken over"
    assert any("Content Security Policy" in complaint for complaint in shown.complaints)
    shown.page.context.close()
