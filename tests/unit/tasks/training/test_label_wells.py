"""Labels of reviewers joined to recordings: other references, another key, the same files."""

from __future__ import annotations

import json

import pytest

from aemodels.core.errors import DataError
from aemodels.review.curves import REVIEWED
from aemodels.review.document import parse_review
from helpers.recordings import make_well
from tasks.ingest.ingest import Dataset, FileRecord
from tasks.ledger import open_ledger
from tasks.ledger.reviews import add_review
from tasks.review.labelled import label_wells
from tasks.settings import Settings
from tasks.storage.refs import load_recording, save_recording


@pytest.fixture
def settings(tmp_path, monkeypatch) -> Settings:
    monkeypatch.setenv("SONDEFLOW_HOME", str(tmp_path / "home"))
    return Settings()


@pytest.fixture
def dataset(settings) -> Dataset:
    wells = [make_well(f"W-{number}", seed=number, samples=100) for number in (1, 2)]
    return Dataset(
        files=tuple(
            FileRecord(
                path=well.source.uri,
                sha256=well.source.sha256,
                name=well.name,
                kind="logs",
                ref=save_recording(well, settings.refs_dir),
            )
            for well in wells
        )
    )


def keep(settings: Settings, sha256: str) -> None:
    decision = {"action": "add", "top_m": 1001.0, "base_m": 1003.0, "curves": ["GR"]}
    values = {"sondeflow_review": 1, "sha256": sha256, "author": "A", "made_at": "2026-01-31T06:00:00Z"}
    document = json.dumps(values | {"decisions": [decision]}).encode()
    add_review(open_ledger(settings.ledger_url), parse_review(document, "a"))


def test_a_reviewed_well_carries_its_labels_and_the_others_stay(settings, dataset):
    keep(settings, dataset.files[1].sha256)
    labelled = label_wells.fn(dataset, settings)
    assert labelled.files[0] == dataset.files[0]
    assert labelled.labels_sha256
    channel = load_recording(labelled.files[1].ref).channel(REVIEWED)
    assert 13 <= (channel == 1).sum() <= 15
    assert label_wells.fn(dataset, settings) == labelled


def test_no_reviewed_well_is_refused(settings, dataset):
    keep(settings, "ff" * 32)
    with pytest.raises(DataError, match=r"none of 2 wells was reviewed \(1 other ones were\)"):
        label_wells.fn(dataset, settings)
