"""Many nights of one installation: each with new files and a fault, with promotions, retention, backups and moves.

`make faults` runs a few short nights; SOAK=24x85 make faults has 24 nights with 85 files each.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from aemodels.io.files.hashing import sha256_file
from helpers.cheap_bundle import fill
from helpers.installation import make_champion
from helpers.paths import ROOT
from tasks.backup.backup import back_up
from tasks.backup.restore import restore
from tasks.ledger import DONE, allow_again, entries, open_ledger, verify_outputs
from tasks.maintenance.maintain import MaintainRequest, maintain_home
from tasks.maintenance.removal import size_of
from tasks.scoring.arrivals import OUTPUT_FOLDERS
from tasks.settings import Settings
from tasks.tracking.store import _client

NIGHTS, FILES = (int(number) for number in os.environ.get("SOAK", "6x8").split("x"))
SCORE = """
import sys, time
real, offset = time.time, float(sys.argv[1])
time.time = lambda: real() + offset
from tasks.settings import Settings
from tasks.scoring.inbox import score_inbox
from tasks.scoring.request import ScoreRequest
settings = Settings()
score_inbox(ScoreRequest(settle_seconds=0).filled(settings), settings)
"""
AGES = dict.fromkeys(("keep_results_days", "keep_quarantine_days", "keep_cache_days", "keep_deleted_days"), 0.0)
# What a home may grow without inbox, outbox and registered models: rows of the ledger, and its log of 4 MB.
SPARE_MB, MB_PER_CONTENT = 6.0, 0.004


@dataclass
class Soak:
    """An installation, what has arrived in it, and the table of its nights."""

    folder: Path
    rng: random.Random
    home: Path
    arrived: dict[str, str] = field(default_factory=dict)
    promotions: int = 0
    moves: int = 0
    rows: list[dict[str, object]] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        return Settings(home=self.home, settle_seconds=0, **AGES)

    def start(self, offset: float = 0.0) -> subprocess.Popen[bytes]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SONDEFLOW_")}
        environment = {**kept, "SONDEFLOW_HOME": str(self.home), "OMP_NUM_THREADS": "1"}
        return subprocess.Popen([sys.executable, "-c", SCORE, str(offset)], cwd=ROOT, env=environment)

    def drain(self, offset: float = 0.0) -> None:
        assert self.start(offset).wait(600) == 0

    def elsewhere(self) -> Path:
        self.moves += 1
        _client.cache_clear()
        return self.folder / f"home {self.moves}"

    def arrive(self, night: int) -> None:
        """Put new wells, a letter, and a copy of an earlier well under another name into the inbox."""
        inbox = self.home / "inbox"
        paths = fill(inbox, FILES, first=night * FILES)
        letter = inbox / f"letter {night}.las"
        letter.write_text(f"Dear all, night {night}\n")
        copy = inbox / f"copy {night}.las"
        shutil.copy(self.rng.choice(paths), copy)
        for path in (*paths, letter, copy):
            self.arrived[str(path.relative_to(inbox))] = sha256_file(path)


def none(soak: Soak) -> None:
    soak.drain()


def kill(soak: Soak) -> None:
    for _ in range(2):
        process = soak.start()
        time.sleep(soak.rng.uniform(1.0, 8.0))
        process.kill()
        process.wait()


def two_scorers(soak: Soak) -> None:
    processes = [soak.start(), soak.start()]
    assert [process.wait(600) for process in processes] == [0, 0]


def registry_away(soak: Soak) -> None:
    database = soak.home / "mlflow.db"
    database.rename(soak.home / "mlflow.away")
    soak.drain()
    (soak.home / "mlflow.away").rename(database)


def clock_ahead(soak: Soak) -> None:
    soak.drain(offset=soak.rng.uniform(1, 400) * 86_400)


def clock_behind(soak: Soak) -> None:
    soak.drain(offset=-soak.rng.uniform(1, 400) * 86_400)


def results_lost(soak: Soak) -> None:
    soak.drain()
    for path in soak.rng.sample(sorted((soak.home / "outbox").rglob("*.*")), 3):
        if path.is_file():
            path.unlink()
    ledger = open_ledger(soak.settings.ledger_url)
    allow_again(ledger, verify_outputs(ledger, soak.settings.outbox, OUTPUT_FOLDERS).rows)


def home_moved(soak: Soak) -> None:
    now = soak.elsewhere()
    soak.home.rename(now)
    soak.home = now
    verify_outputs(open_ledger(soak.settings.ledger_url), soak.settings.outbox, OUTPUT_FOLDERS)


def backup_and_restore(soak: Soak) -> None:
    """Back up while files are scored, lose the home, and go on in the restored one."""
    process = soak.start()
    time.sleep(soak.rng.uniform(2.0, 6.0))
    target = soak.folder / f"backup {soak.moves}"
    back_up(soak.settings, target)
    process.wait(600)
    now = soak.elsewhere()
    shutil.rmtree(soak.home)
    soak.home = now
    restore(soak.settings, target)
    shutil.rmtree(target)


FAULTS: tuple[Callable[[Soak], None], ...] = (
    backup_and_restore,
    kill,
    registry_away,
    home_moved,
    results_lost,
    clock_ahead,
    two_scorers,
    clock_behind,
    none,
)


def judge(soak: Soak, night: int, fault: str) -> dict[str, object]:
    """Compare inbox, ledger and outbox; return the row of the table."""
    settings = soak.settings
    ledger = open_ledger(settings.ledger_url)
    rows = entries(ledger, limit=1_000_000)
    # a new champion tries an unusable file again
    finished = [row for row in rows if row.state in DONE]
    ends = Counter((row.sha256, "" if row.state == "published" else row.version) for row in finished)
    kept = size_of(settings.home) - sum(
        size_of(path) for path in (settings.inbox, settings.outbox, settings.artifacts_dir, settings.bundles_dir)
    )
    inbox = {str(p.relative_to(settings.inbox)): sha256_file(p) for p in settings.inbox.rglob("*.las")}
    assert inbox == soak.arrived, "an input was changed or lost"
    named = {path for row in rows for path in row.outputs}
    lying = {str(path) for path in settings.outbox.rglob("*") if path.is_file()}
    return {
        "night": night,
        "fault": fault,
        "files": len(soak.arrived),
        "published": sum(row.state == "published" for row in rows),
        "quarantined": len({row.sha256 for row in rows if row.state == "quarantined"}),
        "lost": len(set(soak.arrived.values()) - {row.sha256 for row in finished}),
        "doubled": sum(count - 1 for count in ends.values()),
        "wrong results": len(verify_outputs(ledger, settings.outbox, OUTPUT_FOLDERS).problems) + len(lying ^ named),
        "champion": soak.promotions,
        "home, MB": round(kept / 1e6, 2),
    }


@pytest.mark.slow
@pytest.mark.timeout(3 * 3600)
def test_nights_of_faults_lose_and_double_nothing_and_the_home_stays_small(tmp_path, capsys):
    soak = Soak(tmp_path, random.Random(24), tmp_path / "home")
    (soak.home / "inbox").mkdir(parents=True)
    make_champion(soak.settings, tmp_path, seed=0)
    for night in range(NIGHTS):
        if night % 4 == 3:
            soak.promotions += 1
            make_champion(soak.settings, tmp_path, seed=10 * soak.promotions)
        soak.arrive(night)
        fault = FAULTS[night % len(FAULTS)]
        fault(soak)
        soak.drain()
        report = maintain_home(MaintainRequest(), soak.settings)
        assert [step for step in report.removed if step.failed] == []
        soak.rows.append(judge(soak, night + 1, fault.__name__.replace("_", " ")))
        with capsys.disabled():
            sys.stdout.write("| " + " | ".join(str(value) for value in soak.rows[-1].values()) + " |\n")
        assert [soak.rows[-1][name] for name in ("lost", "doubled", "wrong results")] == [0, 0, 0], soak.rows[-1]
    sizes = [float(str(row["home, MB"])) for row in soak.rows]
    assert sizes[-1] - sizes[0] < SPARE_MB + MB_PER_CONTENT * len(soak.arrived), sizes
