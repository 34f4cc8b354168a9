"""Fixtures and steps of the browser tests of reports: a report is opened, reviewed, and its review saved."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from aemodels.core.types import Recording, Scores
from aemodels.report.html.report import render_report
from helpers.browser import Watched, chromium, watch

HOSTILE = "<script>alert(1)</script><img src='http://x/y.png' onerror=alert(2)>\"&"
OWN = ("file:", "blob:")  # addresses that a report without a server may ask for


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A running browser with the network cut."""
    with chromium() as running:
        yield running


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Watched]]:
    """Open the report of scores; at the end nothing may have been asked for or complained about."""
    watched: list[Watched] = []

    def show(recording: Recording, scores: Scores, path: Path | None = None) -> Watched:
        target = path or write_report(tmp_path / "report.html", recording, scores)
        watched.append(watch(browser))
        watched[-1].page.goto(target.as_uri())
        watched[-1].page.wait_for_selector(".figure[data-drawn]")
        return watched[-1]

    yield show
    for one in watched:
        one.page.context.close()
        assert one.complaints == []
        assert [address for address in one.requests if not address.startswith(OWN)] == []


def write_report(path: Path, recording: Recording, scores: Scores) -> Path:
    """Write the report of a scored well or line."""
    label = "logs-v1" if recording.kind == "logs" else "seismic-v1"
    path.write_text(render_report(recording, scores, bundle_label=label, findings=[]), encoding="utf-8")
    return path


def save(shown: Watched, folder: Path) -> Path:
    """Save the review by its key and return the downloaded file."""
    with shown.page.expect_download() as download:
        shown.page.keyboard.press("s")
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def decided(shown: Watched) -> list[list[str]]:
    """Return the cells of the table of decisions."""
    rows = shown.page.locator("#review tbody tr").all()
    return [row.locator("td").all_inner_texts() for row in rows]
