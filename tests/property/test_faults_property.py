"""Laws of injection, whatever the recording, the kinds and the seed."""

from __future__ import annotations

from typing import get_args

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from aemodels.core.types import Channel, Recording, Source
from aemodels.faults import (
    LogFaultSpec,
    LogSpike,
    RandomisedLogFault,
    ResampledLogFault,
    SimulatedLogFault,
    TextbookLogFault,
    inject,
    row_label,
)

NAMES = ("GR", "RHOB", "NPHI", "DTC", "RDEP")
FAMILIES = (LogFaultSpec, RandomisedLogFault, SimulatedLogFault, ResampledLogFault, TextbookLogFault)
FAULTS = tuple(kind() for family in FAMILIES for kind in get_args(family))


@st.composite
def wells(draw: st.DrawFn) -> Recording:
    samples = draw(st.integers(300, 1200))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = np.array([80, 2.4, 0.25, 90, 2.0])[:, None] * rng.uniform(0.8, 1.2, (5, samples))
    for _ in range(draw(st.integers(0, 4))):
        row, start = rng.integers(0, 5), rng.integers(0, samples)
        values[row, start : start + rng.integers(1, samples // 2)] = np.nan
    return Recording(
        values=values.astype(np.float32),
        axis=1000.0 + draw(st.sampled_from([0.1, 0.1524, 0.5])) * np.arange(samples),
        channels=tuple(Channel(name) for name in NAMES),
        kind="logs",
        source=Source(uri="made", sha256="0" * 64),
        name="made",
    )


@settings(max_examples=60, deadline=None)
@given(well=wells(), kinds=st.sets(st.sampled_from(FAULTS), min_size=2, max_size=12), seed=st.integers(0, 1000))
def test_injection_alters_only_what_it_labels(well: Recording, kinds: set, seed: int) -> None:
    chosen = [*sorted(kinds, key=lambda fault: fault.kind), LogSpike()]  # a spike finds room in any of these wells
    injection = inject(well, chosen, fraction=0.1, rng=np.random.default_rng(seed))
    before, after = well.values, injection.recording.values
    np.testing.assert_array_equal(np.isnan(before), np.isnan(after))
    np.testing.assert_array_equal(injection.label, np.isfinite(before) & (before != after))
    rows = np.zeros(well.axis.size, dtype=int)
    for event in injection.events:
        assert 0 <= event.start < event.stop <= well.axis.size
        rows[event.start : event.stop] += 1
    assert rows.max() == 1
    assert (row_label(injection) <= (rows == 1)).all()
