"""The ledger: one claim a content and version, whoever asks and how many at once; leases; fences; upgrades."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, update

from tasks.ledger import (
    ClaimOutcome,
    ClaimRequest,
    FileObservation,
    Filter,
    Heartbeat,
    Identity,
    Key,
    LedgerError,
    acquire_claims,
    dead_owners,
    dead_workers,
    entries,
    finished,
    forget,
    has_exited,
    load_observations,
    open_ledger,
    record_outcomes,
    release_claims,
    retry,
    save_observations,
    unregister,
    workers,
)
from tasks.ledger.schema import STEPS, applied, scorings, watches
from tasks.ledger.schema import workers as worker_rows

KEY = Key("a" * 64, "sondeflow-logs", "1", "e" * 64)
LEASE = 60.0


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/sub/ledger.db"


@pytest.fixture
def engine(url):
    return open_ledger(url)


@pytest.fixture
def me(engine):
    with Heartbeat(engine, "/out", LEASE) as heartbeat:
        yield heartbeat.owner


def _take(engine, owner, key=KEY, **options):
    once = options.pop("once", False)
    return acquire_claims(engine, [ClaimRequest(key, "/in/a.las", once)], owner=owner, **options).get(key)


def _settle(engine, claim, state, **more):
    return record_outcomes(engine, [ClaimOutcome(claim, state, **more)])


def _dead_owner(nonce="12345678"):
    """An owner on this machine whose process has ended."""
    mine = Identity.parse(Heartbeat(None, "", 1.0).owner)
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return str(Identity(mine.machine, mine.boot, f"{done.pid}@1", nonce))


def _distant_owner(nonce="abcdefab"):
    return str(Identity("elsewhere/pid", "other-boot", "1@1", nonce))


def _register(engine, owner, tick=0, outbox="/out"):
    row = {"owner": owner, "outbox": outbox, "lease_seconds": LEASE, "tick": tick, "started_at": "", "seen_at": ""}
    with engine.begin() as connection:
        connection.execute(worker_rows.delete().where(worker_rows.c.owner == owner))
        connection.execute(worker_rows.insert().values(**row))


def _beat(engine, owner):
    with engine.begin() as connection:
        connection.execute(update(worker_rows).values(tick=worker_rows.c.tick + 1).where(worker_rows.c.owner == owner))


def test_a_content_is_claimed_once(engine, me):
    assert _take(engine, me) is not None
    assert _take(engine, me) is None


def test_another_version_or_another_bundle_is_another_claim(engine, me):
    assert _take(engine, me)
    assert _take(engine, me, Key(KEY.sha256, KEY.model, "2", KEY.spec_hash))
    assert _take(engine, me, Key(KEY.sha256, KEY.model, KEY.version, "f" * 64))


def test_of_many_workers_exactly_one_gets_the_claim(url, me):
    open_ledger(url)
    with ThreadPoolExecutor(8) as pool:
        claim = list(pool.map(lambda _: _take(open_ledger(url), me), range(16)))
    assert sum(item is not None for item in claim) == 1


def test_many_that_want_many_share_them_without_overlap(url, me):
    engine = open_ledger(url)
    keys = [Key(f"{number:064x}", "m", "1") for number in range(60)]

    def ask(turn):
        order = keys[turn * 7 :] + keys[: turn * 7]
        return list(acquire_claims(engine, [ClaimRequest(key, "x") for key in order], owner=me))

    with ThreadPoolExecutor(6) as pool:
        had = [key for some in pool.map(ask, range(6)) for key in some]
    assert sorted(had, key=str) == sorted(keys, key=str)


def test_of_many_workers_exactly_one_takes_over_a_failure(url, engine, me):
    _settle(engine, _take(engine, me), "failed", reason="odd")
    with ThreadPoolExecutor(8) as pool:
        claim = list(pool.map(lambda _: _take(open_ledger(url), me), range(16)))
    assert sum(item is not None for item in claim) == 1
    assert (entries(engine)[0].attempts, entries(engine)[0].failures) == (2, 1)


@pytest.mark.parametrize("state", ["published", "quarantined"])
def test_what_is_done_stays_done(engine, me, state):
    claim = _take(engine, me)
    hashes, timings = {"x.parquet": "1" * 64}, {"read": 0.5, "score": 1.0}
    assert _settle(engine, claim, state, hashes=hashes, timings=timings, seconds=1.5) == {claim.row}
    assert _take(engine, me, max_attempts=99) is None
    assert finished(engine, [ClaimRequest(KEY, "x")]) == {KEY}
    entry = entries(engine)[0]
    assert (entry.state, entry.outputs, entry.hashes, entry.seconds) == (state, ("x.parquet",), hashes, 1.5)
    assert entry.timings == timings
    assert entry.settled_at >= entry.claimed_at


def test_a_claim_passes_through_scored(engine, me):
    claim = _take(engine, me)
    _settle(engine, claim, "scored", hashes={"x": "1" * 64})
    assert (entries(engine)[0].state, entries(engine)[0].settled_at) == ("scored", None)
    assert _take(engine, me) is None
    _settle(engine, claim, "published")
    assert (entries(engine)[0].state, entries(engine)[0].outputs) == ("published", ("x",))


def test_a_failure_is_tried_again_only_so_often(engine, me):
    tries = 0
    while (claim := _take(engine, me, max_attempts=3)) is not None:
        assert claim.failures == tries
        _settle(engine, claim, "failed", reason="unforeseen")
        tries += 1
    assert tries == 3


def test_any_version_will_do_where_once_is_asked_for(engine, me):
    _settle(engine, _take(engine, me), "published")
    newer = Key(KEY.sha256, KEY.model, "2", "f" * 64)
    assert _take(engine, me, newer, once=True) is None
    assert finished(engine, [ClaimRequest(newer, "x", once=True)]) == {newer}
    again = _take(engine, me, newer)
    assert again.own_folder
    assert not again.rebuilt


def test_a_quarantine_by_an_older_version_does_not_bind_a_newer_one(engine, me):
    _settle(engine, _take(engine, me), "quarantined")
    assert _take(engine, me, Key(KEY.sha256, KEY.model, "2", ""), once=True) is not None


def test_the_same_number_with_another_bundle_is_told(engine, me):
    _settle(engine, _take(engine, me), "published")
    again = _take(engine, me, Key(KEY.sha256, KEY.model, KEY.version, "f" * 64))
    assert (again.own_folder, again.rebuilt) == (True, True)


def test_a_dead_workers_claim_is_taken_over_without_counting_as_a_failure(engine, me):
    _take(engine, _dead_owner())
    for attempts in range(2, 9):
        claim = _take(engine, me if attempts == 8 else _dead_owner())
        assert claim.failures == 0
        assert entries(engine)[0].attempts == attempts


def test_a_living_workers_claim_is_not_taken_over(engine, me):
    with Heartbeat(engine, "/other", LEASE) as other:
        _take(engine, other.owner)
        assert not has_exited(other.owner)
        assert _take(engine, me) is None
    assert _take(engine, me) is not None, "who has left the list holds nothing"


def test_a_recycled_process_id_is_another_process(engine):
    mine = Identity.parse(Heartbeat(engine, "", LEASE).owner)
    assert not has_exited(str(mine))
    earlier = Identity(mine.machine, mine.boot, mine.process.partition("@")[0] + "@1", mine.nonce)
    assert has_exited(str(earlier))


def test_a_claim_of_another_machine_is_taken_over_when_its_heartbeat_stops(engine, me, monkeypatch):
    distant = _distant_owner()
    _register(engine, distant)
    _take(engine, distant)
    clock = [1000.0]
    monkeypatch.setattr(workers.time, "monotonic", lambda: clock[0])
    assert _take(engine, me) is None, "the first check starts the period"
    clock[0] += LEASE - 1
    assert _take(engine, me) is None
    _beat(engine, distant)
    clock[0] += 2
    assert _take(engine, me) is None, "it has beaten since"
    clock[0] += LEASE
    assert _take(engine, me) is not None


@pytest.mark.parametrize("step", [-10 * 86400, 10 * 86400])
def test_a_step_of_the_wall_clock_does_not_end_a_lease(engine, me, monkeypatch, step):
    import time

    from tasks.ledger import store

    distant = _distant_owner()
    _register(engine, distant)
    _take(engine, distant)
    assert _take(engine, me) is None
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + step)
    monkeypatch.setattr(store, "now", lambda: "1999-01-01T00:00:00+00:00" if step < 0 else "2099-01-01T00:00:00+00:00")
    assert _take(engine, me) is None
    assert dead_owners(engine, [distant]) == set()


def test_a_worker_that_lost_its_claim_records_no_outcome(engine, me):
    dead = _dead_owner()
    old = _take(engine, dead)
    new = _take(engine, me)
    assert _settle(engine, old, "published", hashes={"old": ""}) == set()
    release_claims(engine, [old])
    assert entries(engine)[0].state == "claimed"
    assert _settle(engine, new, "published", hashes={"new": ""}) == {new.row}
    assert entries(engine)[0].outputs == ("new",)


def test_settling_twice_is_settling_once(engine, me):
    claim = _take(engine, me)
    for _ in range(2):
        assert _settle(engine, claim, "scored", hashes={"x": ""}) == {claim.row}
        assert _settle(engine, claim, "published") == {claim.row}


def test_a_released_claim_leaves_no_trace(engine, me):
    release_claims(engine, [_take(engine, me)])
    assert entries(engine) == []
    assert _take(engine, me) is not None


def test_a_released_claim_keeps_its_failures(engine, me):
    _settle(engine, _take(engine, me), "failed", reason="odd")
    release_claims(engine, [_take(engine, me)])
    assert _take(engine, me).failures == 1


def test_a_worker_is_registered_with_a_heartbeat_while_it_runs(engine):
    with Heartbeat(engine, "/out", 0.2) as heartbeat:
        heartbeat._ended.wait(0.5)
        with engine.connect() as connection:
            row = connection.execute(select(worker_rows)).one()
        assert row.owner == heartbeat.owner
        assert row.tick >= 2
        unregister(engine, heartbeat.owner)  # by another worker that took it for dead
        heartbeat._ended.wait(0.5)
        with engine.connect() as connection:
            assert connection.execute(select(func.count()).select_from(worker_rows)).scalar() == 1
    assert dead_workers(engine) == []
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(worker_rows)).scalar() == 0


def test_dead_workers_are_found_with_their_outboxes(engine, me):
    dead = _dead_owner()
    _register(engine, dead, outbox="/somewhere")
    _register(engine, _distant_owner())
    assert dead_workers(engine) == [(dead, "/somewhere")]
    unregister(engine, dead)
    assert dead_workers(engine) == []
    with engine.connect() as connection:
        watched = connection.execute(select(watches.c.owner)).scalars().all()
    assert _distant_owner() in watched
    assert dead not in watched


def test_an_observation_is_stored_with_its_clock(engine, monkeypatch):
    from tasks.ledger import observations

    clock = [50.0]
    monkeypatch.setattr(observations.time, "monotonic", lambda: clock[0])
    odd = "/in/\udcff \U0001f980" + "x" * 3000
    save_observations(engine, [FileObservation(odd, "1.2"), FileObservation("/in/b", "1.2")])
    clock[0] += 7
    save_observations(engine, [FileObservation("/in/b", "9.9")])
    seen = load_observations(engine, [odd, "/in/b", "/in/c"])
    assert (seen[odd].unchanged_s, seen["/in/b"].unchanged_s) == (7.0, 0.0)
    assert set(seen) == {odd, "/in/b"}
    save_observations(engine, [FileObservation(odd, "1.2", "d" * 64)])
    assert load_observations(engine, [odd])[odd].sha256 == "d" * 64
    assert load_observations(engine, [odd])[odd].first_seen <= seen["/in/b"].first_seen


def test_an_observation_of_an_earlier_boot_starts_a_new_clock(engine, monkeypatch):
    from tasks.ledger import observations

    save_observations(engine, [FileObservation("/in/a", "1")])
    monkeypatch.setattr(observations, "boot_id", lambda: "the next boot")
    assert load_observations(engine, ["/in/a"])["/in/a"].unchanged_s == 0.0


def test_entries_are_filtered(engine, me):
    for digit, state, model in (("a", "published", "m"), ("b", "quarantined", "m"), ("c", "published", "n")):
        key = Key(digit * 64, model, "1")
        claim = acquire_claims(engine, [ClaimRequest(key, f"/in/{digit}_%.las")], owner=me)[key]
        _settle(engine, claim, state)
    save_observations(engine, [FileObservation("/in/young.las", "1"), FileObservation("/in/hashed.las", "1", "d" * 64)])
    save_observations(engine, [FileObservation("/in/a_%.las", "1", "a" * 64)])

    def sources(**which):
        return [entry.source.removeprefix("/in/") for entry in entries(engine, Filter(**which))]

    assert sources(state="published") == ["c_%.las", "a_%.las"]
    assert sources(sha256="bb") == ["b_%.las"]
    assert sources(sha256="%") == []
    assert sources(model="m") == ["b_%.las", "a_%.las"]
    assert sources(model="n-v1") == ["c_%.las"]
    assert sources(name="b_%") == ["b_%.las"]
    assert sources(state="discovered") == ["young.las"]
    assert sources(state="stable") == ["hashed.las"]
    assert sources(since="2999-01-01") == []
    assert len(sources(since="2000-01-01")) == len(sources()) == 5
    assert len(entries(engine, limit=2)) == 2


def test_retry_lets_a_content_be_scored_again(engine, me):
    _settle(engine, _take(engine, me), "published", hashes={"x": ""})
    assert retry(engine, Filter(sha256=KEY.sha256[:8])) == 1
    assert _take(engine, me) is not None


def test_retry_does_not_touch_what_is_being_scored(engine, me):
    _take(engine, me)
    assert retry(engine, Filter(sha256=KEY.sha256[:8])) == 0


def test_forget_deletes_with_what_is_remembered_of_the_file(engine, me):
    _take(engine, me)
    save_observations(engine, [FileObservation("/in/a.las", "1", KEY.sha256)])
    assert forget(engine, Filter(sha256=KEY.sha256)) == 1
    assert entries(engine) == []
    assert load_observations(engine, ["/in/a.las"]) == {}


def test_a_ledger_survives_its_process(url, me):
    _take(open_ledger(url), me)
    assert len(entries(open_ledger(url))) == 1


FIRST = """CREATE TABLE arrivals (id INTEGER PRIMARY KEY, sha256 VARCHAR(64) NOT NULL, model VARCHAR(200) NOT NULL,
version VARCHAR(80) NOT NULL, state VARCHAR(16) NOT NULL, source TEXT NOT NULL, owner VARCHAR(200) NOT NULL,
attempts INTEGER NOT NULL, reason TEXT NOT NULL, outputs JSON NOT NULL, claimed_at VARCHAR(40) NOT NULL,
settled_at VARCHAR(40), seconds FLOAT,
CONSTRAINT one_score_per_content_and_version UNIQUE (sha256, model, version))"""


@pytest.fixture
def first_release(tmp_path):
    """A ledger as the first release wrote it, one row of each state."""
    path = tmp_path / "old.db"
    with sqlite3.connect(path) as connection:
        connection.execute(FIRST)
        for number, state in enumerate(("published", "quarantined", "failed", "claimed")):
            row = (f"{number:064x}", "sondeflow-logs", "7", state, f"/in/{number}.las", "host:1", 2, "why", '["a.las"]')
            columns = "sha256, model, version, state, source, owner, attempts, reason, outputs, claimed_at, seconds"
            marks = ", ".join("?" * 9)
            connection.execute(f"INSERT INTO arrivals ({columns}) VALUES ({marks}, '2025-01-01', 1.5)", row)
    return f"sqlite:///{path}"


def test_a_ledger_of_the_first_release_is_upgraded_without_loss(first_release, me):
    engine = open_ledger(first_release)
    rows = {entry.state: entry for entry in entries(engine)}
    assert set(rows) == {"published", "quarantined", "failed", "claimed"}
    row = rows["published"]
    assert (row.version, row.source, row.attempts, row.reason) == ("7", "/in/0.las", 2, "why")
    assert (row.outputs, row.claimed_at, row.seconds, row.hashes) == (("a.las",), "2025-01-01", 1.5, {})
    keys = {state: Key(entry.sha256, "sondeflow-logs", "7", "e" * 64) for state, entry in rows.items()}
    assert _take(engine, me, keys["published"]) is None, "scored before the upgrade is scored"
    assert _take(engine, me, keys["quarantined"]) is None
    assert _take(engine, me, keys["failed"]).failures == 2
    assert _take(engine, me, keys["claimed"]) is not None, "its owner cannot be alive"


def test_many_that_open_an_old_ledger_at_once_upgrade_it_once(first_release):
    from tasks.ledger import store

    def open_anew(_):
        engine = store._engine.__wrapped__(first_release)
        if not store.look_up(engine, store.is_current):
            return store.transact(engine, store.upgrade)
        return 0

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(open_anew, range(6))) == len(STEPS)
    assert len(entries(open_ledger(first_release))) == 4


def test_a_newer_ledger_is_refused(engine, url):
    with engine.begin() as connection:
        connection.execute(applied.insert().values(step=99, applied_at="2999"))
    with pytest.raises(LedgerError, match="upgrade sondeflow"):
        open_ledger(url)


def test_an_error_names_the_ledger_that_cannot_be_opened(tmp_path):
    (tmp_path / "ledger.db").write_bytes(b"no database" * 100)
    with pytest.raises(Exception, match="database"):
        open_ledger(f"sqlite:///{tmp_path}/ledger.db")


def test_odd_text_is_stored(engine, me):
    key = Key("b" * 64, "m", "1")
    claim = acquire_claims(engine, [ClaimRequest(key, "/in/\udcff\x00.las")], owner=me)[key]
    _settle(engine, claim, "failed", reason="nul \x00 here")
    assert "\x00" not in json.dumps(entries(engine)[0].reason)
    with engine.connect() as connection:
        assert connection.execute(select(scorings.c.source)).scalar().startswith("/in/")
