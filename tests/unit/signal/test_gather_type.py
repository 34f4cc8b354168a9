from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from aemodels.core.errors import DataError
from aemodels.io.segy.reader import read_segy
from aemodels.signal.gather_type import gather_finding, gather_type, lateral_coherence
from helpers.recordings import make_line, make_well


def _with_headers(recording, **columns):
    channels = tuple(
        dataclasses.replace(channel, headers={**channel.headers, **{key: column[n] for key, column in columns.items()}})
        for n, channel in enumerate(recording.channels)
    )
    return dataclasses.replace(recording, channels=channels)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("segysak_f3-ebcidctest.sgy", "stacked"),
        ("segyio_f3.sgy", "stacked"),
        ("segysak_f3-withdead.sgy", "stacked"),
        ("segyio_viking_small.segy", "pre-stack"),
        ("segyio_small-ps.sgy", "pre-stack"),
        ("obspy_one_trace_year_11.sgy", "single"),
    ],
)
def test_real_files(field_data, name, kind):
    recording = read_segy(field_data / "segy" / name)
    assert gather_type(recording).kind == kind
    finding = gather_finding(recording)
    assert finding.code == "gather-type"
    assert finding.found.startswith(kind)


def test_coherence_of_real_files_is_on_the_right_side_of_the_threshold(field_data):
    stacked, gathers = (
        lateral_coherence(read_segy(field_data / "segy" / name).values)
        for name in ("segysak_f3-ebcidctest.sgy", "segyio_viking_small.segy")
    )
    assert stacked > 0.25 > gathers


def test_several_offsets_at_one_position_are_a_gather():
    line = make_line(traces=24)
    same = [0] * 24
    gather = _with_headers(
        line, crossline=[n // 6 for n in range(24)], cdp_x=same, offset=[100 * (n % 6) for n in range(24)]
    )
    assert gather_type(gather).kind == "pre-stack"
    assert gather_type(gather).bins == 4


def test_silent_headers_leave_it_to_the_traces():
    same = [0] * 60
    silent = _with_headers(make_line(), crossline=same, cdp_x=same, offset=same)
    assert gather_type(silent).kind == "stacked"
    noise = silent.with_values(np.random.default_rng(0).normal(size=silent.values.shape).astype(np.float32))
    assert gather_type(noise).kind == "pre-stack"


def test_coherence_of_known_panels():
    trace = np.sin(np.linspace(0, 30, 200)).astype(np.float32)
    assert lateral_coherence(np.stack([trace, 2 * trace, 3e30 * trace])) == pytest.approx(1.0)
    assert lateral_coherence(np.stack([trace, -trace])) == pytest.approx(-1.0)
    assert np.isnan(lateral_coherence(trace[None]))
    assert np.isnan(lateral_coherence(np.stack([trace, 0 * trace])))


def test_a_well_is_refused():
    with pytest.raises(DataError, match="expected a seismic one"):
        gather_type(make_well())
