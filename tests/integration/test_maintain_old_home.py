"""Sizes of a home before and after its first maintenance in years; OLD_HOME=40x4 has 40 files and 4 versions."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from helpers.installation import MODEL, score
from helpers.old_home import make_old_home
from helpers.servers import clean_environment
from tasks.ledger import entries, open_ledger, verify_outputs
from tasks.scoring.choose_bundle import default_scorer
from tasks.scoring.places.inbox import OUTPUT_FOLDERS
from tasks.settings import Settings

FILES, VERSIONS = (int(number) for number in os.environ.get("OLD_HOME", "6x3").split("x"))
ONE_RUN = """
from tasks.settings import Settings
from flows.environment import prepare_environment, run_flow
prepare_environment(Settings())
from flows.score import score
run_flow(score, Settings())
"""


def run(settings: Settings, *arguments: str) -> str:
    environment = clean_environment(settings.home)
    done = subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False, timeout=500
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.slow  # makes several champions and a server's database
@pytest.mark.timeout(1800)
def test_what_years_have_left_is_removed_and_all_that_counts_remains(tmp_path, capsys):
    settings = Settings(home=tmp_path / "home", settle_seconds=0)
    settings.inbox.mkdir(parents=True)
    run(settings, "-c", ONE_RUN)
    make_old_home(settings, tmp_path, files=FILES, versions=VERSIONS)
    rows = len(entries(open_ledger(settings.ledger_url), limit=1_000_000))

    rehearsal, report = (
        json.loads(run(settings, "-m", "flows", "maintain", "--json", *more)) for more in (["--dry-run"], [])
    )
    for said, done in zip(rehearsal["removed"], report["removed"], strict=True):
        if said["what"] != "leftovers of ended processes":  # also of other programs of this machine
            assert said["items"] == done["items"], "the rehearsal tells what will be done"
    sizes = {size["part"]: (size["before"], size["after"]) for size in report["sizes"]}
    with capsys.disabled():
        sys.stdout.write("\n| part | before, MB | after, MB |\n|---|---|---|\n")
        for part, (before, after) in sizes.items():
            sys.stdout.write(f"| {part} | {before / 1e6:.2f} | {after / 1e6:.2f} |\n")
        for step in report["removed"]:
            sys.stdout.write(f"| {step['what']} | {step['items']} | {step['note']} |\n")
    shrunk = {part for part, (before, after) in sizes.items() if after < before}
    assert shrunk >= {
        "outbox",
        "artifacts of MLflow",
        "downloaded bundles",
        "stored recordings",
        "fetched files",
        "cached fits",
        "comparisons",
        "checkpoints",
        "unsent runs",
        "Prefect",
        "logs",
    }
    assert sizes["inbox"][0] == sizes["inbox"][1]
    ledger = open_ledger(settings.ledger_url)
    assert len(entries(ledger, limit=1_000_000)) == rows
    assert verify_outputs(ledger, settings.outbox, OUTPUT_FOLDERS).problems == []
    kept = {row.version for row in entries(ledger, limit=1_000_000) if row.state == "published" and row.outputs}
    assert kept == {str(VERSIONS), str(VERSIONS - 1)}, "the champion's results, and those of the one before it"
    assert default_scorer("logs", ("champion",), settings).version == str(VERSIONS)
    assert score(settings).new == 0, f"nothing of {MODEL} is scored again"
