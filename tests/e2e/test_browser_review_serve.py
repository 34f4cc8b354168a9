"""`sondeflow reviews serve`: a browser gives its review to the server; strangers are refused."""

from __future__ import annotations

import json
import stat
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from aemodels.core.errors import DataError
from aemodels.report.html.report import render_report
from flows.prefect_api.server import bound_socket
from flows.server.review_server import review_app, token_file
from helpers.browser import chromium, watch
from helpers.recordings import make_well
from helpers.scored_field import scores_of
from tasks.ledger import open_ledger
from tasks.ledger.reviews import kept_reviews
from tasks.settings import Settings

REVIEW = {
    "sondeflow_review": 1,
    "sha256": "ab" * 32,
    "author": "A",
    "made_at": "2026-01-31T06:00:00Z",
    "decisions": [{"action": "add", "top_m": 7.0, "base_m": 9.0, "curves": ["GR"]}],
}


@dataclass(frozen=True)
class Served:
    address: str
    settings: Settings
    outbox: Path


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[Served]:
    """A running server of an outbox with one report."""
    folder = tmp_path_factory.mktemp("served")
    settings = Settings(home=folder / "home")
    reports = folder / "outbox" / "reports"
    reports.mkdir(parents=True)
    well = make_well("A-1")
    html = render_report(well, scores_of(well, slice(200, 220), "stuck"), bundle_label="logs-v1", findings=[])
    (reports / "A & 1.html").write_text(html, encoding="utf-8")
    (folder / "outbox" / "secret.html").write_text("secret")
    listening = bound_socket(0)
    port = int(listening.getsockname()[1])
    app, address = review_app(folder / "outbox", settings, port)
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield Served(address, settings, folder / "outbox")
    server.should_exit = True
    thread.join(10)


def ask(address: str, body: object = None, **headers: str) -> tuple[int, Any]:
    content = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    kinds = {} if body is None else {"content-type": "application/json"}
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(address, data=content, headers={**kinds, **names})
    try:
        with urllib.request.urlopen(request, timeout=20) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_a_review_by_keyboard_is_kept_by_the_server(served) -> None:
    with chromium() as browser:
        shown = watch(browser)
        shown.page.goto(served.address)
        shown.page.get_by_text("A & 1.html").click()
        shown.page.wait_for_selector(".figure[data-drawn]")
        shown.page.fill('[data-of="author"]', "<b>Eve</b>")
        shown.page.keyboard.press("Enter")
        for key in "jxs":
            shown.page.keyboard.press(key)
        shown.page.get_by_text("1 decision kept").wait_for()
        assert shown.complaints == []
        assert shown.away() == []
        shown.page.context.close()
    kept = kept_reviews(open_ledger(served.settings.ledger_url))
    assert {review.author for review in kept} == {"<b>Eve</b>"}
    assert kept[0].decisions[0].action == "reject"


def test_a_review_is_kept_once_and_a_bad_one_refused_with_its_field(served) -> None:
    status, text = ask(f"{served.address}reviews", REVIEW)
    assert (status, json.loads(text)["result"]) == (200, "kept")
    assert json.loads(ask(f"{served.address}reviews", REVIEW)[1])["result"] == "known already"
    status, text = ask(f"{served.address}reviews", {**REVIEW, "author": ""})
    assert (status, "author" in text) == (422, True)
    assert ask(f"{served.address}reviews", b" " * 5_000_001)[0] == 413
    assert ask(f"{served.address}reviews", REVIEW, content_type="text/plain")[0] == 415
    assert ask(f"{served.address}reviews")[0] == 405


def test_strangers_are_refused(served) -> None:
    root = served.address.rsplit("/", 2)[0]
    before = len(kept_reviews(open_ledger(served.settings.ledger_url)))
    for path in ("/", "/reviews", f"/{'x' * 43}/reviews"):
        assert ask(f"{root}{path}", {**REVIEW, "author": "B"})[0] == 404
    foreign = {"Origin": "http://evil.example"}
    assert ask(f"{served.address}reviews", {**REVIEW, "author": "B"}, **foreign)[0] == 403
    assert ask(f"{served.address}reviews", {**REVIEW, "author": "B"}, Host="evil.example")[0] == 403
    assert ask(served.address, Origin="null")[0] == 403
    assert len(kept_reviews(open_ledger(served.settings.ledger_url))) == before


def test_reports_alone_are_served(served) -> None:
    ups = ("..", "%2e%2e", "%252e%252e")
    for path in (*(f"reports/{up}/secret.html" for up in ups), "secret.html"):
        status, text = ask(f"{served.address}{path}")
        assert (status, "secret" in text) == (404, False)
    (served.outbox / "reports" / "link.html").symlink_to(served.outbox / "secret.html")
    assert ask(f"{served.address}reports/link.html")[0] == 404
    assert stat.S_IMODE(token_file(served.settings).stat().st_mode) == 0o600
    with pytest.raises(DataError, match="no folder `reports`"):
        review_app(served.outbox / "reports", served.settings, 4300)
