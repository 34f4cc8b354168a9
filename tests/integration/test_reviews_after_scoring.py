"""The scoring flow shows and logs what was reviewed by itself, once, and goes on while MLflow is away."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from aemodels.report.model_card.reviews import HEADING
from helpers.installation import MODEL, make_champion, score
from helpers.recordings import make_well
from tasks.address import Address
from tasks.ledger import open_ledger
from tasks.ledger.reviews import kept_reviews
from tasks.review.after_scoring import use_reviews
from tasks.scoring.request import ScoreRequest
from tasks.settings import Settings
from tasks.tracking import connect

pytest_plugins = ("helpers.flow_fixtures",)


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> tuple[Settings, str]:
    """A home with a champion and a scored well, and the label of its scores."""
    from aemodels.io.las.writer import write_las

    folder = tmp_path_factory.mktemp("site")
    settings = Settings(home=folder / "home")
    version = make_champion(settings, folder)
    write_las(make_well("W-1", samples=400, seed=1), settings.inbox / "W-1.las")
    assert score(settings).scored == 1
    return settings, f"{MODEL}-v{version}"


@pytest.fixture
def settings(template, tmp_path, monkeypatch) -> Settings:
    shutil.copytree(template[0].home, tmp_path / "home", symlinks=True)
    monkeypatch.setenv("SONDEFLOW_HOME", str(tmp_path / "home"))
    return Settings()


def drop_review(settings: Settings, label: str, author: str = "A") -> str:
    """Put a review of the scored well into the inbox; return the hash of the well."""
    (scores,) = (settings.outbox / "scores").rglob("*.parquet")
    flagged = {"flagged_top_m": 1010.0, "flagged_base_m": 1012.0}
    accepted = {"action": "accept", "top_m": 1010.0, "base_m": 1012.0, "curves": ["GR"], "reason": "spike", **flagged}
    values = {"sondeflow_review": 1, "sha256": scores.stem, "well": "W-1", "bundle": label, "author": author}
    text = json.dumps(values | {"made_at": "2026-01-31T06:00:00Z", "decisions": [accepted]})
    (settings.inbox / f"{author}.review.json").write_text(text)
    return scores.stem


def reviewed_version(settings: Settings, label: str):
    name, number = label.rsplit("-v", 1)
    return connect(settings).get_model_version(name, number)


def test_a_run_of_the_flow_applies_and_records_what_the_inbox_brought(settings, template, prefect_server) -> None:
    from prefect.artifacts import Artifact

    from flows.environment import run_flow
    from flows.score import score as flow

    sha = drop_review(settings, template[1])
    assert run_flow(flow, settings, request=ScoreRequest(settle_seconds=0)).reviewed == 1
    (copy,) = (settings.outbox / "reports").glob("*.reviewed.html")
    assert "&#34;accept&#34;" in copy.read_text()
    assert (settings.outbox / "reviews" / f"{sha}.json").exists()
    version = reviewed_version(settings, template[1])
    assert version.tags["reviews_precision"] == "1" and HEADING in version.description
    page = Artifact.get("reviews").data.replace("\u00a0", "")
    assert f"| {template[1]} | logged | 1 |" in page
    field = json.loads((settings.home / "field" / f"{settings.outbox.name}.json").read_text())
    assert field["files"][0]["reviews"] == {"accept": 1}


def test_nothing_is_done_twice_and_a_new_review_counts(settings, template) -> None:
    assert use_reviews.fn(str(settings.outbox), settings) == ""
    drop_review(settings, template[1])
    score(settings)
    assert "logged" in use_reviews.fn(str(settings.outbox), settings)
    assert use_reviews.fn(str(settings.outbox), settings) == ""
    drop_review(settings, template[1], "B")
    score(settings)
    assert "2 decisions are shown in 1 files" in use_reviews.fn(str(settings.outbox), settings)
    assert "2 flags in 1 wells" in reviewed_version(settings, template[1]).description


def test_while_mlflow_is_away_reviews_are_shown_and_recorded_later(settings, template, caplog) -> None:
    drop_review(settings, template[1])
    score(settings)
    assert len(kept_reviews(open_ledger(settings.ledger_url))) == 1
    away = settings.model_copy(update={"tracking_uri": Address("http://127.0.0.1:1")})
    said = use_reviews.fn(str(settings.outbox), away)
    assert "1 decisions are shown in 1 files" in said
    assert "Not recorded; the next run tries again: the tracking store" in said
    assert "reviews_precision" not in reviewed_version(settings, template[1]).tags
    again = use_reviews.fn(str(settings.outbox), settings)
    assert "logged" in again and "are shown" not in again
    assert Path(settings.outbox / "reviews").is_dir()


def test_reviews_in_the_folder_of_the_outbox_are_kept_once_and_bad_ones_named(settings, template) -> None:
    drop_review(settings, template[1])
    (settings.outbox / "reviews").mkdir()
    dropped = (settings.inbox / "A.review.json").rename(settings.outbox / "reviews" / "A.review.json")
    (settings.outbox / "reviews" / "letter.review.json").write_text("Dear all,")
    before = dropped.read_bytes()
    said = use_reviews.fn(str(settings.outbox), settings)
    assert "1 reviews of the outbox are kept." in said and "1 decisions are shown in 1 files" in said
    assert "letter.review.json: " in said
    assert dropped.read_bytes() == before
    assert use_reviews.fn(str(settings.outbox), settings) == ""
    assert [one.author for one in kept_reviews(open_ledger(settings.ledger_url))] == ["A"]
