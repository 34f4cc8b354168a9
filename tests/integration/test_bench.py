"""The benchmark table: its pairs do the same work, so that the ratio means something."""

from __future__ import annotations

import json
from pathlib import Path

import click
import numpy as np
import pytest

from aemodels.io import write_las
from aemodels.signal.windows import WindowSpec, cut, overlap_add
from flows.benchmarks.throughput import (
    READING_TARGET,
    Pair,
    benchmark,
    loop_overlap_add,
    measure,
    reading_field,
    verdict,
)
from helpers.recordings import make_section, make_well


def test_the_plain_loop_blends_as_overlap_add_does():
    section = make_section(np.random.default_rng(0).normal(size=(3, 150)))
    windows = cut(section, WindowSpec(length=32, stride=7))
    np.testing.assert_allclose(loop_overlap_add(windows), overlap_add(windows.values, windows), rtol=1e-5, atol=1e-6)


def test_field_wells_are_read_both_ways_and_the_ratio_is_judged(tmp_path: Path):
    for number in range(3):
        write_las(make_well(seed=number), tmp_path / f"{number}.las")
    pair = reading_field(sorted(tmp_path.glob("*.las")))
    assert pair.what.startswith("read 3 field wells, ")
    assert (pair.other, pair.required) == ("lasio.read", READING_TARGET)
    row = measure(pair, 2)
    assert row["ratio"] == row["other_s"] / row["ours_s"]
    assert row["verdict"] == verdict(row["ratio"], READING_TARGET)


def test_a_promised_ratio_is_met_or_missed():
    assert (verdict(8.0, 8.0), verdict(7.9, 8.0), verdict(0.1, None)) == ("met", "missed", "")


def test_ways_that_disagree_are_not_timed():
    with pytest.raises(AssertionError):
        measure(Pair("a sum", lambda: 2.0, "a wrong sum", lambda: 3.0), 1)


def test_a_benchmark_has_the_promised_pairs_side_by_side():
    rows = benchmark(1)
    assert [row["other"] for row in rows] == ["lasio.read", "loop over samples", "model.predict, batch 32"]
    for row in rows:
        assert row["ours_s"] > 0
        assert row["ratio"] == row["other_s"] / row["ours_s"]


@pytest.mark.slow
def test_with_and_without_logging_the_same_work_is_done(tmp_path):
    from flows.benchmarks import tracking as bench
    from tasks.address import Address
    from tasks.settings import Settings
    from tasks.tracking import connect

    wells = bench._wells(tmp_path / "wells")
    store = f"sqlite:///{tmp_path / 'mlflow.db'}"
    kept = []
    for side in (bench._logged, bench._bare):
        settings = Settings(home=tmp_path / side.__name__, tracking_uri=Address(store))
        assert min(bench._run(side, wells, settings, epochs=1)) > 0
        places = (settings.fits_dir, settings.studies_dir)
        kept.append([sorted(path.relative_to(place) for path in place.rglob("*.*")) for place in places])
    assert kept[0] == kept[1]
    client = connect(settings)
    (experiment,) = [found for found in client.search_experiments() if found.name == "sondeflow-bench-tracking"]
    assert len(client.search_runs([experiment.experiment_id])) == 1 + bench.CONTENDERS + 1


def test_the_guard_fails_below_the_bound_alone(monkeypatch, capsys):
    from flows.benchmarks import throughput
    from flows.cli import bench as command

    row = measure(Pair("one", lambda: 1.0, "other", lambda: 1.0, required=1e9, bound=1e-9), 1)
    assert (row["verdict"], row["bound"]) == ("missed", 1e-9)
    assert measure(Pair("one", lambda: 1.0, "other", lambda: 1.0, required=1e9), 1)["bound"] == 1e9
    for guard, bound, code in ((False, 1e-9, 1), (True, 1e-9, 0), (True, 1e9, 1), (True, None, 1)):
        monkeypatch.setattr(throughput, "benchmark", lambda *_, bound=bound: [row | {"bound": bound}])
        with pytest.raises(SystemExit) as stop:
            command.bench(click.Context(click.Command("bench")), guard=guard, as_json=True)
        assert stop.value.code == code
        machine = json.loads(capsys.readouterr().out)["machine"]
        assert machine["cores"] >= 1
        assert machine["python"].startswith("3.")
