"""A Dask cluster that scores from bucket to bucket while its parts are killed: each file is published once."""

from __future__ import annotations

import hashlib
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from aemodels.io.segy.reader import read_segy
from aemodels.io.segy.writer import write_segy
from helpers.cheap_bundle import cheap_line_bundle, fill
from helpers.dask_processes import DaskProcesses
from helpers.fault_fixtures import TABLE, Site
from helpers.recordings import make_line
from helpers.s3_server import S3Server, s3_server
from tasks.ledger import entries, open_ledger
from tasks.scoring.inbox import score_inbox
from tasks.scoring.request import ScoreRequest
from tasks.settings import Settings

pytest_plugins = ("helpers.fault_fixtures",)
pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

FILES, MAX_RUNS = int(os.environ.get("CLUSTER_FILES", "60")), 8
INBOX, SCORECARD = "s3://cluster/in", "scorecard/"
OUTPUTS = ["reports", "scores", "segy"]
LOOK_SECONDS = 0.05  # between two looks at how far a run is


@dataclass
class Cluster:
    """A site whose inbox and outbox are in a bucket, and whose workers are Dask's."""

    site: Site
    dask: DaskProcesses
    store: S3Server
    outbox: str

    def run_until_done(
        self, disturb: Callable[[], None], inbox: str = INBOX, files: int = FILES, **variables: str
    ) -> tuple[int, float]:
        """Run the flow, again if it fails, while something disturbs it; the number of runs, and seconds."""
        ended, began = threading.Event(), time.monotonic()

        def disturbing() -> None:
            while not ended.wait(LOOK_SECONDS):
                disturb()
                self.dask.start()  # what has died comes back, as on a cluster

        thread = threading.Thread(target=disturbing)
        thread.start()
        try:
            for number in range(1, MAX_RUNS + 1):
                process = self._start(inbox, variables)
                process.join(900)
                if process.exitcode is None:  # it waits for a scheduler that has forgotten it
                    process.kill()
                    process.join()
                states = self.site.states()
                if process.exitcode == 0 and states["published"] + states["quarantined"] == files:
                    return number, time.monotonic() - began
            pytest.fail(f"not done after {MAX_RUNS} runs: {self.site.states()}")
        finally:
            ended.set()
            thread.join()

    def _start(self, inbox: str, variables: dict[str, str]):
        self.dask.start()
        named = {"SONDEFLOW_TASK_RUNNER": "dask", "SONDEFLOW_DASK_SCHEDULER": self.dask.address}
        return self.site.start(inbox=inbox, outbox=self.outbox, **{"SONDEFLOW_BATCH": "4", **named, **variables})


@pytest.fixture(scope="module")
def store() -> Iterator[S3Server]:
    with s3_server("cluster") as server:
        yield server


@pytest.fixture(scope="module")
def inbox(store, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wells") / "in"
    fill(folder, FILES - 1)
    (folder / "letter.las").write_text("Dear all,\n")
    store.system.put(str(folder), INBOX, recursive=True)
    return folder


@pytest.fixture(scope="module")
def expected(inbox, bundle, prefect, tmp_path_factory) -> dict[str, bytes]:
    """What threads write to a folder, undisturbed."""
    folder = tmp_path_factory.mktemp("calm")
    calm = Site(folder, f"sqlite:///{folder}/ledger.db", bundle, "sqlite")
    assert calm.drain(inbox=INBOX) == 0
    paths = [path for path in calm.outbox.rglob("*") if path.is_file()]
    return {path.relative_to(calm.outbox).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture
def cluster(store, inbox, bundle, prefect, postgres, tmp_path, request) -> Iterator[Cluster]:
    url = postgres.new_database(tmp_path.name)
    site = Site(tmp_path, url, bundle, "postgresql", {"SONDEFLOW_LEASE_SECONDS": "10", "SONDEFLOW_WORKERS": "2"})
    variables = {**store.variables, "SONDEFLOW_HOME": str(tmp_path / "home"), "OMP_NUM_THREADS": "1"}
    dask = DaskProcesses(tmp_path / "dask", {**variables, "PREFECT_API_URL": os.environ["PREFECT_API_URL"]})
    try:
        yield Cluster(site, dask, store, f"s3://cluster/{tmp_path.name}")
    finally:
        store.fail_every = 0
        dask.stop()


def judge_bucket(cluster: Cluster, fault: str, expected: dict[str, bytes], inbox: Path, runs: int) -> None:
    """Compare ledger and objects with an undisturbed run.

    Raises:
        AssertionError: if anything was lost, done twice, half-written, different, or an input was touched.
    """
    rows = entries(open_ledger(cluster.site.ledger_url), limit=100_000)
    ends = Counter(row.sha256 for row in rows if row.state in {"published", "quarantined"})
    found = cluster.store.files(cluster.outbox)
    there = {key: data for key, data in found.items() if not key.startswith(SCORECARD)}  # that of a folder is at home
    named = {name.removeprefix(f"{cluster.outbox}/"): digest for row in rows for name, digest in row.hashes.items()}
    wrong = [key for key, digest in named.items() if hashlib.sha256(there.get(key, b"")).hexdigest() != digest]
    files = [path for path in inbox.rglob("*") if path.is_file()]
    contents = {hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    uploads = cluster.store.system.call_s3("list_multipart_uploads", Bucket="cluster").get("Uploads") or []
    row = {
        "fault": f"cluster, {fault}",
        "backend": f"postgresql, {runs} runs",
        "files": len(files),
        "published": sum(row.state == "published" for row in rows),
        "quarantined": sum(row.state == "quarantined" for row in rows),
        "lost": len(contents - set(ends)),
        "duplicated": sum(count - 1 for count in ends.values()),
        "half-written": len(wrong) + len(uploads),
    }
    TABLE.append(row)
    assert (row["lost"], row["duplicated"], row["half-written"]) == (0, 0, 0), (row, wrong)
    assert there.keys() == expected.keys()
    assert [key for key in there if there[key] != expected[key] and not key.endswith(".parquet")] == []
    given = {path.relative_to(inbox).as_posix(): path.read_bytes() for path in files}
    assert cluster.store.files(INBOX) == given, "an input was changed"


class During:
    """Call a function so many times, at random moments of the work: each is a number of objects written by then.

    Args:
        store: whose requests are counted.
        times: number of calls.
        call: returns False if it could do nothing just now; it is then called again.
        seed: of the moments.
    """

    def __init__(self, store: S3Server, times: int, call: Callable[[], object], seed: int) -> None:
        first, expected = store.requests["PUT"], 3 * FILES
        moments = sorted(random.Random(seed).uniform(0.05, 0.8) for _ in range(times))
        self._due = [first + share * expected for share in moments]
        self._store, self._call, self.calls = store, call, 0

    def __call__(self) -> None:
        if self._due and self._store.requests["PUT"] > self._due[0] and self._call() is not False:
            del self._due[0]
            self.calls += 1


def _restart_scheduler(cluster: Cluster) -> None:
    cluster.dask.kill_scheduler()
    time.sleep(1)
    cluster.dask.start()


def _restart_postgres(postgres) -> None:
    postgres.kill()
    time.sleep(1)
    postgres.start()


@pytest.mark.parametrize("fault", ["none", "workers", "scheduler", "store", "postgres", "all"])
def test_a_disturbed_cluster_publishes_each_file_once(cluster, expected, inbox, postgres, fault):
    rng = random.Random(5)
    faults = {
        "workers": During(cluster.store, 6, lambda: cluster.dask.kill_worker(rng.randrange(2)), 1),
        "scheduler": During(cluster.store, 2, lambda: _restart_scheduler(cluster), 2),
        "postgres": During(cluster.store, 3, lambda: _restart_postgres(postgres), 3),
    }
    chosen = list(faults) if fault == "all" else [fault]
    if fault in {"store", "all"}:
        cluster.store.fail_every = 10
    failed_before = cluster.store.failed
    runs, seconds = cluster.run_until_done(lambda: [faults[name]() for name in chosen if name in faults] and None)
    cluster.store.fail_every = 0
    counts = ", ".join(f"{name} {faults[name].calls}" for name in chosen if name in faults and faults[name].calls)
    told = f"{fault} ({counts or f'{cluster.store.failed - failed_before} requests'}), {seconds:.0f} s"
    judge_bucket(cluster, told, expected, inbox, runs)
    if fault in faults:
        assert faults[fault].calls, "the run ended before anything was disturbed"
    if fault in {"store", "all"}:
        assert cluster.store.failed - failed_before > FILES // 2


LINES, TRACES, RANGES = "s3://cluster/lines", 2400, 24


@pytest.fixture(scope="module")
def line(store, tmp_path_factory) -> tuple[Path, Path]:
    """A bundle for lines, and the copy of one line, which lies in the bucket, as one process makes it."""
    folder = tmp_path_factory.mktemp("line")
    cheap_line_bundle().save(folder / "bundle")
    (folder / "in").mkdir()
    write_segy(make_line(traces=TRACES, samples=100, seed=3), folder / "in" / "line.sgy")
    store.system.put(str(folder / "in" / "line.sgy"), f"{LINES}/line.sgy")
    settings = Settings(home=folder / "home", settle_seconds=0)
    request = ScoreRequest(inbox=str(folder / "in"), outbox=str(folder / "out"), bundle=str(folder / "bundle"))
    assert score_inbox(request.filled(settings), settings).scored == 1
    return folder / "bundle", next((folder / "out").rglob("*.sgy"))


class Ranges:
    """Finished ranges of the lines of a home, and how many of them were written a second time."""

    def __init__(self, home: Path) -> None:
        self._folder, self._written, self.again = home / "ranges", dict[Path, int](), 0

    def look(self) -> int:
        """Return the number of ranges that are finished by now."""
        for path in self._folder.glob("*/[0-9]*.json"):
            with suppress(FileNotFoundError):
                stamp = path.stat().st_mtime_ns
                self.again += self._written.get(path, stamp) != stamp
                self._written[path] = stamp
        return len(self._written)


@pytest.mark.parametrize("fault", ["none", "worker", "node", "scheduler"])
def test_a_fault_costs_a_line_only_the_ranges_that_were_being_scored(cluster, line, fault, tmp_path):
    bundle, expected = line
    cluster.site.bundle = bundle
    ranges, killed = Ranges(tmp_path / "home"), list[int]()
    calls = {
        "none": lambda: True,
        "worker": lambda: cluster.dask.kill_worker(1),
        "node": lambda: cluster.dask.kill_node(1),
        "scheduler": lambda: _restart_scheduler(cluster),
    }

    def disturb() -> None:
        done = ranges.look()
        if RANGES // 4 <= done < RANGES and not killed and calls[fault]() is not False:
            killed.append(done)

    limits = {"SONDEFLOW_MAX_WHOLE_BYTES": "1000", "SONDEFLOW_RANGE_TRACES": str(TRACES // RANGES)}
    runs, seconds = cluster.run_until_done(disturb, LINES, 1, **limits)
    assert killed, "the line was done before anything was disturbed"
    there = cluster.store.files(cluster.outbox)
    rows = entries(open_ledger(cluster.site.ledger_url))
    TABLE.append({
        "fault": f"line of {RANGES} ranges, {fault} after {killed[0]}, {seconds:.0f} s",
        "backend": f"postgresql, {runs} runs",
        "files": 1,
        "published": sum(row.state == "published" for row in rows),
        "quarantined": 0,
        "lost": int(not there),
        "duplicated": ranges.again,
        "half-written": len(list((tmp_path / "home" / "ranges").iterdir())),
    })  # fmt: skip
    assert [row.state for row in rows if row.state != "stable"] == ["published"]
    assert ranges.again == 0, "a finished range was scored again"
    assert sorted(name.partition("/")[0] for name in there if not name.startswith(SCORECARD)) == OUTPUTS
    (tmp_path / "copy.sgy").write_bytes(next(data for name, data in there.items() if name.endswith(".sgy")))
    copies = [read_segy(path).values for path in (expected, tmp_path / "copy.sgy")]
    np.testing.assert_allclose(copies[1], copies[0], rtol=1e-5, atol=1e-5)
