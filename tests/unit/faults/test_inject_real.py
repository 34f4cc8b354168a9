"""Placement in real recordings, with the gaps and the habits of real files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from aemodels.faults import LogFaultSpec, SeismicFaultSpec, inject, row_label
from aemodels.io import read
from helpers.paths import FIELD_DATA

DATA = FIELD_DATA
LOG_FAULTS = tuple(kind() for kind in get_args(LogFaultSpec))
TRACE_FAULTS = tuple(kind() for kind in get_args(SeismicFaultSpec))


def real(path: Path) -> Path:
    if not path.exists():
        pytest.skip(f"{path} is absent: the real recordings are not part of the project")
    return path


@pytest.mark.parametrize("name", ["31_3-1", "34_7-13", "25_11-15"])
@pytest.mark.parametrize("fraction", [0.15, 0.25])
def test_every_kind_is_placed_in_a_real_well(name: str, fraction: float) -> None:
    well = read(real(DATA / "force2020" / f"{name}.las"))
    injection = inject(well, LOG_FAULTS, fraction=fraction, rng=np.random.default_rng(1))
    counts = Counter(event.kind for event in injection.events)
    assert set(counts) == {fault.kind for fault in LOG_FAULTS}
    assert max(counts.values()) - min(counts.values()) <= 1
    assert fraction <= row_label(injection).mean() < fraction + 0.08
    differs = np.isfinite(well.values) & (injection.recording.values != well.values)
    np.testing.assert_array_equal(injection.label, differs)


def test_every_kind_is_placed_in_a_real_gather() -> None:
    line = read(real(DATA / "segy" / "segyio_viking_small.segy"))
    injection = inject(line, TRACE_FAULTS, fraction=0.1, rng=np.random.default_rng(1))
    counts = Counter(event.kind for event in injection.events)
    assert set(counts) == {fault.kind for fault in TRACE_FAULTS}
    assert max(counts.values()) - min(counts.values()) <= 1
    assert row_label(injection).sum() == np.ceil(0.1 * len(line.channels))
