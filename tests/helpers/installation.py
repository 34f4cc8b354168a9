"""A small installation: a champion in the registry, files in the inbox, and results of scoring them."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

from aemodels.io.files.hashing import sha256_file
from helpers.cheap_bundle import fill, save_cheap_bundle
from tasks.ledger import entries, open_ledger, verify_outputs
from tasks.scoring.inbox import score_inbox
from tasks.scoring.places.inbox import OUTPUT_FOLDERS
from tasks.scoring.request import ScoreRequest, ScoreSummary
from tasks.settings import Settings
from tasks.storage.refs import save_recording
from tasks.tracking import EVIDENCE, RunSpec, get, log_document, promote, register, tracked_run

MODEL = "sondeflow-logs"
MODEL_COLUMNS = {
    "experiments": "artifact_location",
    "runs": "artifact_uri",
    "logged_models": "artifact_location",
    "model_versions": "storage_location",
}


def make_champion(settings: Settings, folder: Path, seed: int = 0) -> str:
    """Register a bundle with the evidence of its training, and promote it; return its version."""
    from helpers.recordings import make_well

    with tracked_run(settings, RunSpec(experiment="logs", name="r")) as run:
        ref = save_recording(make_well(f"HOLD-OUT {seed}", samples=100, seed=90 + seed), settings.refs_dir)
        log_document(settings, run.run_id, EVIDENCE, {"data": {"refs": [ref.model_dump()]}})
        _, version, _ = register(settings, run.run_id, save_cheap_bundle(folder / f"bundle-{seed}", seed), MODEL, {})
    promote(settings, get(settings, f"models:/{MODEL}/{version}"))
    return version


def make_installation(settings: Settings, folder: Path, files: int = 4) -> Settings:
    """Promote a champion, and let it score files of the inbox, one of them unusable."""
    make_champion(settings, folder)
    fill(settings.inbox, files)
    (settings.inbox / "letter.las").write_text("Dear all,\n")
    assert score(settings).scored == files
    return settings


def score(settings: Settings) -> ScoreSummary:
    """Score what has arrived."""
    return score_inbox(ScoreRequest(settle_seconds=0).filled(settings), settings)


def assert_whole(settings: Settings) -> None:
    """Every file of the inbox has one outcome, every result is as recorded, and no other one lies in the outbox."""
    rows = entries(open_ledger(settings.ledger_url), limit=100_000)
    contents = {sha256_file(path) for path in settings.inbox.rglob("*.las")}
    ends = Counter(row.sha256 for row in rows if row.state in {"published", "quarantined"})
    assert ends == Counter(contents), "lost or doubled"
    assert [row for row in rows if row.sha256 in contents and row.state not in {"published", "quarantined"}] == []
    found = verify_outputs(open_ledger(settings.ledger_url), settings.outbox, OUTPUT_FOLDERS)
    assert found.problems == []
    named = {path for row in rows for path in row.outputs}
    lying = {str(path) for path in settings.outbox.rglob("*") if path.is_file()}
    assert lying == named, "the outbox holds what the ledger does not know, or the reverse"


def locations(database: Path) -> set[str]:
    """Return all artifact locations in MLflow's database."""
    with closing(sqlite3.connect(database)) as connection:
        return {
            str(value)
            for table, column in MODEL_COLUMNS.items()
            for (value,) in connection.execute(f"SELECT {column} FROM {table}")
            if value and not str(value).endswith("/mlruns/0")  # of MLflow's own experiment, which is empty
        }


def champion_record(settings: Settings) -> dict[str, object]:
    """Return the home's record of champions."""
    return dict(json.loads((settings.home / "champions.json").read_text()))
