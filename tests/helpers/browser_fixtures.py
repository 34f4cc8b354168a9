"""Fixtures of the browser tests: a browser with the network cut, and pages opened in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from aemodels.core.types import Recording, Scores
from helpers.browser import Watched, chromium, watch
from helpers.report_steps import write_report

OWN = ("file:", "blob:")  # addresses that a report without a server may ask for


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A running browser with the network cut."""
    with chromium() as running:
        yield running


@pytest.fixture
def opened_page(browser: Browser) -> Iterator[Callable[..., Watched]]:
    """Open a page until an element is there; at the end nothing may have been asked for or complained about."""
    watched: list[Watched] = []

    def show(path: Path, drawn: str = ".figure[data-drawn]", *, scripts: bool = True) -> Watched:
        watched.append(watch(browser, scripts=scripts))
        watched[-1].page.goto(path.as_uri())
        if scripts:
            watched[-1].page.wait_for_selector(drawn)
        return watched[-1]

    yield show
    for one in watched:
        one.page.context.close()
        assert one.complaints == []
        assert [address for address in one.requests if not address.startswith(OWN)] == []


@pytest.fixture
def opened(opened_page: Callable[..., Watched], tmp_path: Path) -> Callable[..., Watched]:
    """Open the report of scores, as `opened_page` does."""

    def show(recording: Recording, scores: Scores, path: Path | None = None) -> Watched:
        return opened_page(path or write_report(tmp_path / "report.html", recording, scores))

    return show
