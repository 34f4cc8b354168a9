"""The row of the benchmark on draining, and the form that the flow's one parameter becomes."""

from __future__ import annotations

import pytest

from flows.benchmarks.score import MAX_OVERHEAD_MS, drain_row
from flows.benchmarks.throughput import Pair, measure

pytest_plugins = ("helpers.flow_fixtures",)


@pytest.mark.slow
def test_the_flow_is_measured_beside_bare_scoring_of_the_same_files(prefect_server):
    row = drain_row(repeats=1, files=4)
    assert row["ours_s"] > 0
    assert row["ratio"] == row["other_s"] / row["ours_s"]
    assert abs(row["overhead_ms"] - 1000 * (row["ours_s"] - row["other_s"]) / 4) < 1e-6
    assert row["verdict"] == ("met" if row["overhead_ms"] <= MAX_OVERHEAD_MS else "missed")
    assert set(row) >= set(measure(Pair("one", lambda: 1.0, "other", lambda: 1.0), 1)), "rows of one table"


def test_the_flow_has_one_parameter_whose_fields_are_described():
    from prefect.utilities.callables import parameter_schema

    from flows.score import score

    schema = parameter_schema(score).model_dump()
    assert list(schema["properties"]) == ["request"]
    fields = schema["definitions"]["ScoreRequest"]["properties"]
    assert {"inbox", "outbox", "bundle", "aliases", "since", "rescore", "settle_seconds", "batch"} == set(fields)
    assert all(field["description"] for field in fields.values())
