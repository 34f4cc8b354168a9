"""`sondeflow compare files` on two passes, and its page in a real browser with the network cut."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from aemodels.core.types import Recording
from aemodels.field.run_comparison import compare_runs
from aemodels.io.las.writer import write_las
from aemodels.report.html.runs import render_runs
from helpers.browser import watch
from helpers.recordings import make_well
from helpers.report_steps import HOSTILE

pytest_plugins = ("helpers.browser_fixtures", "helpers.flow_fixtures")


def passes() -> tuple[Recording, Recording]:
    """A main log, and a repeat 1.2 m deeper whose density reads 0.05 g/cm3 too high."""
    main = make_well("A-1", samples=2400, seed=3)
    values = main.values * (1 + 0.003 * np.random.default_rng(0).standard_normal(main.values.shape))
    values[1] += 0.05
    return main, dataclasses.replace(main, values=values.astype(np.float32), axis=main.axis + 1.2)


def test_the_command_writes_the_page_and_its_numbers(command_json, browser, tmp_path) -> None:
    files = [tmp_path / name for name in ("main.las", "repeat.las")]
    for recording, path in zip(passes(), files, strict=True):
        write_las(recording, path)
    before = [path.read_bytes() for path in files]
    page = tmp_path / "compare.html"
    code, answer = command_json("compare", "files", *map(str, files), "--out", str(page))
    assert code == 0
    assert answer["shift_m"] == pytest.approx(1.2, abs=0.05)
    density = next(row for row in answer["curves"] if row["name"] == "RHOB")
    assert density["bias"] == pytest.approx(0.05, abs=0.005)
    assert "RHOB differs most" in answer["summary"]
    assert [path.read_bytes() for path in files] == before
    shown = watch(browser)
    shown.page.goto(page.as_uri())
    shown.page.wait_for_selector(".figure[data-drawn]")
    assert not shown.blank()
    boxes = shown.page.locator(".layers label").all_inner_texts()
    assert [box.strip() for box in boxes] == ["first", "second"]
    assert "1.20 m deeper" in shown.page.locator(".lead").inner_text()
    top = shown.page.locator(".figure").get_attribute("data-y0")
    shown.page.locator("tr[data-from]").nth(22).click()
    shown.page.wait_for_selector(f".figure:not([data-y0='{top}'])")
    assert (shown.complaints, shown.away()) == ([], [])
    shown.page.context.close()


def test_hostile_names_stay_text(browser, tmp_path: Path) -> None:
    main, other = (dataclasses.replace(one, name=HOSTILE + str(n)) for n, one in enumerate(passes()))
    path = tmp_path / "compare.html"
    path.write_text(render_runs(compare_runs(main, other), other), encoding="utf-8")
    shown = watch(browser)
    shown.page.goto(path.as_uri())
    shown.page.wait_for_selector(".figure[data-drawn]")
    assert shown.page.locator("h1").inner_text().startswith(HOSTILE)
    assert shown.complaints == []
    shown.page.context.close()


@pytest.mark.parametrize(
    "arguments", [("files", "a.las"), ("denoise", "logs"), ("denoise", "logs", "b.las", "--data", "x")]
)
def test_wrong_usage_is_refused(command_json, arguments) -> None:
    code, answer = command_json("compare", *arguments)
    assert code == 2
    assert "compare" in answer["error"]
