"""A real headless Chromium that can reach this machine alone, and what it did while a page was open."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

USERS = "/ajax-api/2.0/mlflow/users/current"
LOCAL = {"127.0.0.1", "localhost", ""}
# Only this machine's name resolves; requests to other machines go to a closed port.
CUT = ("--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost")


@dataclass
class Watched:
    """A page with the addresses it asked for and everything that it complained about."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def away(self) -> list[str]:
        """Requests that would have left this machine."""
        return [address for address in self.requests if urlsplit(address).hostname not in {*LOCAL, None}]

    def blank(self, selector: str = "canvas.base") -> bool:
        """Return whether a canvas is almost empty."""
        return bool(self.page.locator(selector).first.evaluate(_BLANK))


# Fewer than 1 % of the pixels differ from white.
_BLANK = """canvas => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let inked = 0;
    for (let i = 0; i < data.length; i += 4) inked += data[i] + data[i + 1] + data[i + 2] < 720;
    return inked < 0.01 * data.length / 4;
}"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser of this machine with the network cut; the test is skipped where none is installed."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no chromium is installed")
    with sync_playwright() as playwright:
        options = {"server": "http://127.0.0.1:9", "bypass": "127.0.0.1,localhost"}
        browser = playwright.chromium.launch(executable_path=found, args=list(CUT), proxy=options)
        yield browser
        browser.close()


def watch(browser: Browser, *, scripts: bool = True, width: int = 1300, height: int = 950) -> Watched:
    """An empty page under observation."""
    context = browser.new_context(viewport={"width": width, "height": height}, java_script_enabled=scripts)
    watched = Watched(context.new_page())
    page = watched.page
    page.on("request", lambda request: watched.requests.append(request.url))
    page.on("pageerror", lambda error: watched.complaints.append(str(error)))
    page.on("dialog", lambda dialog: (watched.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.on("console", lambda m: watched.complaints.append(m.text) if _serious(m) else None)
    return watched


def _serious(message: ConsoleMessage) -> bool:
    """An error on the console; MLflow's page asks whether the server knows users, which ours answers with 404."""
    return message.type == "error" and not message.location.get("url", "").endswith(USERS)
