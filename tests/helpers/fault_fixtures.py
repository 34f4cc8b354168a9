"""Backends, an inbox with its undisturbed results, and the judgement after every fault (a plugin)."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from helpers.cheap_bundle import fill, save_cheap_bundle
from helpers.postgres_server import PostgresServer
from helpers.prefect_server import PrefectServer
from helpers.scorer_process import start

TABLE: list[dict[str, object]] = []
SCORED = ("las", "reports", "scores")
NUMBERS = {"rtol": 1e-6, "atol": 1e-9}  # the same code on the same machine: bits may differ with the threads


@dataclass
class Site:
    """One inbox, one outbox, one ledger, and the ways to run and judge the flow on them."""

    folder: Path
    ledger_url: str
    bundle: Path
    backend: str
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def inbox(self) -> Path:
        return self.folder / "inbox"

    @property
    def outbox(self) -> Path:
        return self.folder / "outbox"

    def start(
        self, *, inbox: str = "", outbox: Path | str = "", clock_steps: bool = False, **variables: str
    ) -> ForkServerProcess:
        """Start one run of the flow, from and to this site or other places."""
        environment = {
            "SONDEFLOW_HOME": str(self.folder / "home"),
            "SONDEFLOW_LEDGER_URL": self.ledger_url,
            "SONDEFLOW_SETTLE_SECONDS": "0",
            "SONDEFLOW_BATCH": "8",
            "OMP_NUM_THREADS": "1",
            **self.variables,
            **variables,
        }
        request = {"inbox": inbox or str(self.inbox), "outbox": str(outbox or self.outbox), "bundle": str(self.bundle)}
        return start(environment, request, clock_steps)

    def drain(self, **options: object) -> int:
        """Run the flow to its end; its exit code."""
        process = self.start(**options)  # type: ignore[arg-type]
        process.join(600)
        assert process.exitcode is not None, "the flow did not end"
        return process.exitcode

    def states(self) -> Counter[str]:
        """Return the number of contents by state."""
        from tasks.ledger import entries, open_ledger

        return Counter(entry.state for entry in entries(open_ledger(self.ledger_url), limit=100_000))

    def wait_for(self, state: str, count: int = 1, seconds: float = 300.0) -> None:
        """Until so many contents are in a state."""
        until = time.monotonic() + seconds
        while self.states()[state] < count:
            assert time.monotonic() < until, f"never {count} {state}: {self.states()}"
            time.sleep(0.05)


def snapshot(folder: Path) -> dict[str, tuple[str, int]]:
    """Hash and time of every file."""
    return {
        str(path.relative_to(folder)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def judge(site: Site, fault: str, before: dict[str, tuple[str, int]], reference: Path | None) -> dict[str, object]:
    """Hold ledger and outbox against the inbox and an undisturbed run; the row of the table.

    Raises:
        AssertionError: if anything was lost, done twice, half-written, different, or an input was touched.
    """
    from tasks.ledger import entries, open_ledger

    rows = entries(open_ledger(site.ledger_url), limit=100_000)
    contents = {digest for digest, _ in before.values()}
    ends = Counter(row.sha256 for row in rows if row.state in {"published", "quarantined"})
    hidden = list(site.outbox.rglob("*.part"))
    broken = [
        path
        for row in rows
        if row.state == "published"
        for path, digest in row.hashes.items()
        if hashlib.sha256(Path(path).read_bytes()).hexdigest() != digest
    ]
    row = {
        "fault": fault,
        "backend": site.backend,
        "files": len(before),
        "published": sum(row.state == "published" for row in rows),
        "quarantined": sum(row.state == "quarantined" for row in rows),
        "lost": len(contents - set(ends)),
        "duplicated": sum(count - 1 for count in ends.values()),
        "half-written": len(hidden) + len(broken),
    }
    TABLE.append(row)
    assert (row["lost"], row["duplicated"], row["half-written"]) == (0, 0, 0), (row, hidden, broken)
    assert all(entry.reason for entry in rows if entry.state == "quarantined")
    assert {row.state for row in rows if row.sha256 in contents} <= {"published", "quarantined"}
    assert snapshot(site.inbox) == before, "an input was changed"
    if reference is not None:
        _compare(site.outbox, reference)
    return row


def _compare(outbox: Path, reference: Path) -> None:
    """The same files with the same content; numbers of the scores within NUMBERS."""
    names = {str(path.relative_to(reference)) for path in reference.rglob("*") if path.is_file()}
    found = {str(path.relative_to(outbox)) for path in outbox.rglob("*") if path.is_file()}
    assert found == names
    for name in names:
        if name.endswith(".parquet"):
            ours, theirs = (pq.read_table(place / name, partitioning=None).to_pandas() for place in (outbox, reference))
            from pandas.testing import assert_frame_equal

            assert_frame_equal(ours, theirs, **NUMBERS)
        elif name.startswith("las"):
            assert (outbox / name).read_bytes() == (reference / name).read_bytes(), name


@pytest.fixture(scope="session")
def prefect(tmp_path_factory):
    """A Prefect server that the scoring processes talk to."""
    server = PrefectServer(tmp_path_factory.mktemp("prefect"))
    server.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_API_URL", server.url)
        patch.setenv("PREFECT_HOME", str(tmp_path_factory.mktemp("prefect-client")))
        patch.setenv("PREFECT_LOGGING_LEVEL", "ERROR")
        yield server
    server.kill()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    server = PostgresServer(tmp_path_factory.mktemp("postgres"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def bundle(tmp_path_factory) -> Path:
    return save_cheap_bundle(tmp_path_factory.mktemp("bundle") / "cheap")


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request, tmp_path, prefect, bundle):
    """An empty inbox with a ledger of each kind."""
    url = f"sqlite:///{tmp_path}/ledger.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").new_database(tmp_path.name)
    place = Site(tmp_path, url, bundle, request.param)
    place.inbox.mkdir()
    return place


@pytest.fixture
def reference(tmp_path, bundle):
    """Return a function that scores the inbox without faults into a separate outbox, and returns that outbox."""

    def drain(site: Site) -> Path:
        calm = Site(tmp_path, f"sqlite:///{tmp_path}/calm.db", bundle, "sqlite")
        assert calm.drain(outbox=tmp_path / "calm") == 0
        return tmp_path / "calm"

    return drain


@pytest.fixture
def filled():
    """A function that puts wells into a site's inbox; the inbox as it then is."""

    def put(site: Site, count: int, first: int = 0) -> dict[str, tuple[str, int]]:
        fill(site.inbox, count, first=first)
        return snapshot(site.inbox)

    return put


def pytest_terminal_summary(terminalreporter):
    """The table of faults, after the tests."""
    if not TABLE:
        return
    names = list(TABLE[0])
    widths = {name: max(len(name), *(len(str(row[name])) for row in TABLE)) for name in names}
    terminalreporter.section("faults")
    for cells in [dict(zip(names, names, strict=True)), *TABLE]:
        terminalreporter.write_line("  ".join(str(cells[name]).ljust(widths[name]) for name in names))
