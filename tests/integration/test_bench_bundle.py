"""The benchmark of a bundle on one file: what is timed does the work that the row names."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from aemodels.bundle.bundle import Bundle
from aemodels.io import read, write_las, write_segy
from flows.benchmarks import bundle as benchmark
from flows.benchmarks.throughput import measure
from helpers.paths import TESTS
from helpers.recordings import make_line, make_well


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundles")
    with tarfile.open(TESTS / "data" / "earlier" / "bundles.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="module")
def well(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("well") / "well.las"
    write_las(make_well(samples=500), path)
    return path


def test_a_well_is_compared_with_its_networks_with_lasio_and_with_a_naive_pipeline(bundles, well, tmp_path):
    rows = [measure(pair, 1) for pair in benchmark.bundle_pairs(bundles / "logs", well, tmp_path)]
    assert [row["other"] for row in rows] == ["its networks alone", "lasio.read", "lasio, windows, predict, CSV"]
    assert [row["required"] for row in rows] == [benchmark.WELL_PASSES, benchmark.LASIO_READING, benchmark.NAIVE]
    for row in rows:
        assert row["low"] <= row["ratio"] <= row["high"]
        assert row["verdict"] == ("met" if row["ratio"] >= row["required"] else "missed")


def test_a_line_is_compared_with_reading_and_its_networks(bundles, tmp_path):
    write_segy(make_line(), tmp_path / "line.sgy")
    pairs = list(benchmark.bundle_pairs(bundles / "seismic", tmp_path / "line.sgy", tmp_path))
    assert [pair.other for pair in pairs] == ["segyio and its networks alone"]
    assert measure(pairs[0], 1)["ours_s"] > 0
    raw = benchmark.raw_reading(tmp_path / "line.sgy")()
    np.testing.assert_allclose(raw, make_line().values, rtol=1e-5)


def test_every_network_of_a_bundle_is_passed_once_over_the_whole_file(bundles, well, monkeypatch):
    from aemodels.denoisers.networks import inference

    bundle, sizes = Bundle.load(bundles / "logs"), []
    names = [network.name for network, *_ in benchmark.whole_networks(bundle)]
    assert names == ["unet", *["labeller"] * (len(names) - 1)]
    original = inference.predict_whole
    monkeypatch.setattr(
        inference, "predict_whole", lambda *given, **more: sizes.append(given[1].shape) or original(*given, **more)
    )
    benchmark.forward_passes(bundle, read(well))()
    assert [size[0] for size in sizes] == [500] * len(names)


def test_the_naive_pipeline_writes_its_curves(well, tmp_path):
    benchmark.naive_pipeline(well, tmp_path / "naive.csv")()
    table = pd.read_csv(tmp_path / "naive.csv")
    assert len(table) == 500
    assert any(name.endswith("_DN") for name in table.columns)
    assert np.isfinite(table.filter(like="_DN").to_numpy()).all()


def test_what_the_flow_writes_is_written(bundles, well, tmp_path):
    found = benchmark.written(bundles / "logs", well, tmp_path)()
    assert found.status == "scored"
    assert len(found.staged) >= 3  # parquet, flagged copy, report
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system cannot pin a process")
def test_a_process_started_within_sees_one_core():
    before = os.sched_getaffinity(0)
    with benchmark.one_core():
        seen = subprocess.run(
            [sys.executable, "-c", "import os; print(len(os.sched_getaffinity(0)))"], capture_output=True, check=True
        )
    assert seen.stdout.strip() == b"1"
    assert os.sched_getaffinity(0) == before


@pytest.mark.slow
def test_a_rate_is_judged_for_a_line(bundles, tmp_path):
    write_segy(make_line(), tmp_path / "line.sgy")
    rows = benchmark.benchmark_bundle(bundles / "seismic", tmp_path / "line.sgy", 1)
    size = (tmp_path / "line.sgy").stat().st_size / 1e6
    assert rows[-1]["other"] == "2.5 MB per second"
    assert rows[-1]["ratio"] == pytest.approx(size / rows[-1]["ours_s"] / benchmark.MB_PER_SECOND)
