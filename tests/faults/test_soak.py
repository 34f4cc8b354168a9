"""Many nights of one installation: each with new files and a fault, with promotions, retention, backups and moves.

`make faults` runs a few short nights; SOAK=24x85 make faults has 24 nights with 85 files each. The installation lies on
a disk of its own, so that this can be full; that takes root. The ledger is a SQLite file, or in PostgreSQL.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from aemodels.io.files.hashing import sha256_file
from helpers.cheap_bundle import fill
from helpers.installation import make_champion
from helpers.paths import ROOT
from helpers.postgres_server import PostgresServer
from helpers.processes import command_line, tree
from helpers.small_disk import resize_disk, small_disk
from tasks.address import Address
from tasks.backup.backup import back_up
from tasks.backup.restore import restore
from tasks.ledger import DONE, allow_again, entries, open_ledger, verify_outputs
from tasks.maintenance.maintain import MaintainRequest, maintain_home
from tasks.maintenance.removal import size_of
from tasks.scoring.places.inbox import OUTPUT_FOLDERS
from tasks.settings import Settings
from tasks.tracking.store import _client

NIGHTS, FILES = (int(number) for number in os.environ.get("SOAK", "6x8").split("x"))
DISK = 4 << 30 if os.geteuid() == 0 else None
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
    postgres: PostgresServer | None = None
    ledger: str = ""
    arrived: dict[str, str] = field(default_factory=dict)
    promotions: int = 0
    moves: int = 0
    rows: list[dict[str, object]] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        ledger = {"ledger_url": Address(self.ledger)} if self.ledger else {}
        return Settings(home=self.home, settle_seconds=0, **ledger, **AGES)

    def start(self, offset: float = 0.0, **more: str) -> subprocess.Popen[bytes]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SONDEFLOW_")}
        environment = {**kept, **more, "SONDEFLOW_HOME": str(self.home), "OMP_NUM_THREADS": "1"}
        if self.ledger:
            environment["SONDEFLOW_LEDGER_URL"] = self.ledger
        return subprocess.Popen([sys.executable, "-c", SCORE, str(offset)], cwd=ROOT, env=environment)

    def drain(self, offset: float = 0.0) -> None:
        assert self.start(offset).wait(600) == 0

    def published(self) -> int:
        return self.count("published")

    def sources(self) -> list[str]:
        return [row.source for row in entries(open_ledger(self.settings.ledger_url), limit=1_000_000)]

    def count(self, state: str) -> int:
        rows = entries(open_ledger(self.settings.ledger_url), limit=1_000_000)
        return sum(row.state == state for row in rows)

    def new_ledger(self) -> None:
        if self.postgres is not None:
            self.ledger = self.postgres.new_database(f"ledger_{self.moves}")

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
    soak.new_ledger()
    restore(soak.settings, target)
    shutil.rmtree(target)


def disk_full(soak: Soak) -> None:
    """Let the disk of home, outbox and inbox fill up while files are scored, and make room again."""
    if DISK is None:
        return
    used = shutil.disk_usage(soak.folder).used
    resize_disk(soak.folder, used + soak.rng.randrange(100_000, 400_000))
    known = soak.published()
    assert soak.start().wait(600) != 0, "a run that cannot publish has failed"
    assert soak.published() - known < FILES
    resize_disk(soak.folder, DISK)


def ledger_killed(soak: Soak) -> None:
    """Kill the server of the ledger while files are scored; the run waits for it and goes on."""
    process = soak.start()
    time.sleep(soak.rng.uniform(2.0, 6.0))
    if soak.postgres is not None:
        soak.postgres.kill()
        time.sleep(2.0)
        soak.postgres.start()
    assert process.wait(600) == 0


def children_killed(soak: Soak) -> None:
    """Kill processes that read files, as the kernel does when memory runs out; the run goes on with others."""
    process = soak.start()
    for _ in range(3):
        time.sleep(soak.rng.uniform(1.0, 3.0))
        for pid in tree(process.pid) - {process.pid}:
            if b"worker_process" in command_line(pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                break
    assert process.wait(600) == 0


def limit_too_low(soak: Soak) -> None:
    """Score with a limit of time that no file keeps; none of them is refused for it."""
    known = soak.count("published"), soak.count("quarantined")
    soak.start(SONDEFLOW_FILE_SECONDS="0.001", SONDEFLOW_MAX_ATTEMPTS="1").wait(600)
    assert (soak.count("published"), soak.count("quarantined")) == known


def bundle_altered(soak: Soak) -> None:
    """Alter every registered bundle, and repair it after a run, which must not score."""
    folders = (soak.settings.artifacts_dir, soak.settings.bundles_dir)
    before = {path: path.read_bytes() for folder in folders for path in folder.rglob("bundle.json")}
    for path, content in before.items():
        path.write_bytes(content.replace(b"{", b"{ ", 1))
    known = soak.published()
    assert soak.start().wait(600) != 0
    assert soak.published() == known
    for path, content in before.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def odd_arrivals(soak: Soak) -> None:
    """A pipe, and a link to a file elsewhere, lie in the inbox while the others are scored."""
    pipe, link = soak.home / "inbox" / "pipe.las", soak.home / "inbox" / "link.las"
    os.mkfifo(pipe)
    outside = soak.folder / "outside.las"
    outside.write_text("Dear all, this is no file of the inbox\n")
    link.symlink_to(outside)
    soak.drain()
    assert not [name for name in soak.sources() if name.endswith(link.name)]
    for path in (pipe, link, outside):
        path.unlink()


FAULTS: tuple[Callable[[Soak], None], ...] = (
    backup_and_restore,
    kill,
    disk_full,
    home_moved,
    results_lost,
    ledger_killed,
    registry_away,
    clock_ahead,
    two_scorers,
    clock_behind,
    children_killed,
    limit_too_low,
    bundle_altered,
    odd_arrivals,
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
    problems = verify_outputs(ledger, settings.outbox, OUTPUT_FOLDERS).problems
    if problems or lying != named:
        sys.stderr.write(f"problems: {problems}\nwithout a row: {lying - named}\nmissing: {named - lying}\n")
    return {
        "night": night,
        "fault": fault,
        "files": len(soak.arrived),
        "published": sum(row.state == "published" for row in rows),
        "quarantined": len({row.sha256 for row in rows if row.state == "quarantined"}),
        "lost": len(set(soak.arrived.values()) - {row.sha256 for row in finished}),
        "doubled": sum(count - 1 for count in ends.values()),
        "wrong results": len(problems) + len(lying ^ named),
        "champion": soak.promotions,
        "home, MB": round(kept / 1e6, 2),
    }


@pytest.fixture(params=["sqlite", "postgresql"])
def soak(request, tmp_path):
    with nullcontext(tmp_path / "disk") if DISK is None else small_disk(tmp_path / "disk", str(DISK)) as folder:
        (folder / "home" / "inbox").mkdir(parents=True)
        made = Soak(folder, random.Random(24), folder / "home")
        if request.param == "sqlite":
            yield made
            return
        made.postgres = PostgresServer(tmp_path / "postgres")
        made.postgres.start()
        try:
            made.new_ledger()
            yield made
        finally:
            made.postgres.stop()


@pytest.mark.slow
@pytest.mark.timeout(3 * 3600)
def test_nights_of_faults_lose_and_double_nothing_and_the_home_stays_small(soak, capsys):
    make_champion(soak.settings, soak.folder, seed=0)
    for night in range(NIGHTS):
        if night % 4 == 3:
            soak.promotions += 1
            make_champion(soak.settings, soak.folder, seed=10 * soak.promotions)
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
