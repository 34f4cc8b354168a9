"""Benchmarks of training: both recipes learn from the same data, and the rows fit the table."""

from __future__ import annotations

import numpy as np
import pytest

from flows.benchmarks.throughput import Pair, measure
from flows.benchmarks.training import Scale, in_memory, loss_row, network_and_batches, sections, shipped, wait_row

SMALL = Scale(epochs=2, steps=3, wells=3)


@pytest.mark.slow
def test_rows_of_training_have_the_columns_of_the_table():
    columns = set(measure(Pair("one", lambda: 1.0, "other", lambda: 1.0), 1))
    row = loss_row(1, SMALL)
    assert set(row) >= columns
    assert row["other_s"] > 0
    reached = row["ours_s"] is not None
    assert row["ratio"] == pytest.approx(row["other_s"] / row["ours_s"] if reached else 0.0)
    assert row["verdict"] == ("met" if row["ratio"] >= 1 else "missed")
    row = wait_row(1, SMALL)
    assert set(row) >= columns
    assert row["wait_pct"] == pytest.approx(100 * max(1 - row["other_s"] / row["ours_s"], 0))


@pytest.mark.slow
def test_batches_in_memory_are_those_of_the_loader():
    spec, (train, validation) = shipped(SMALL), sections(SMALL.wells)
    assert (len(train), len(validation)) == (1, 2)
    _, batches, _ = network_and_batches(spec, train, seed=0)
    inputs, targets = in_memory(batches)
    assert len(inputs) == len(targets) == SMALL.steps * spec.training.batch
    np.testing.assert_array_equal(inputs[spec.training.batch : 2 * spec.training.batch], batches[1][0])
