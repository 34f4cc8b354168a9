"""Generated sections for training: reproducible, of unit rms, and more different from each other than real lines."""

from __future__ import annotations

import numpy as np
import pytest

from aemodels.core.errors import SpecError
from aemodels.core.interfaces import FitContext
from aemodels.denoisers.networks.unet import UNet
from aemodels.signal.gather_type import lateral_coherence
from aemodels.synthetic.varied_lines import varied_sections


def test_equal_seeds_give_equal_sections_and_more_of_them_begin_alike():
    first, more, other = varied_sections(3, 7), varied_sections(5, 7), varied_sections(3, 8)
    for one, same in zip(first, more, strict=False):
        np.testing.assert_array_equal(one.values, same.values)
    assert not any(np.array_equal(one.values, another.values) for one, another in zip(first, other, strict=True))


@pytest.mark.parametrize("gathers", [0.0, 1.0])
def test_sections_have_unit_rms_and_no_gaps(gathers):
    for section in varied_sections(20, 3, traces=40, samples=120, gathers=gathers):
        assert section.values.shape == (40, 120)
        assert section.values.dtype == np.float32
        assert section.mask.all()
        assert np.sqrt(np.mean(section.values**2)) == pytest.approx(1.0, abs=1e-4)


def test_dominant_frequencies_cover_intervals_of_one_to_eight_milliseconds():
    """From a sixteenth to half of the frequencies that a sample interval can hold."""
    peaks = []
    for section in varied_sections(60, 1, gathers=0.0):
        power = (np.abs(np.fft.rfft(section.values, axis=1)) ** 2).mean(axis=0)
        peaks.append(np.average(np.fft.rfftfreq(section.values.shape[1]), weights=power))
    low, high = np.quantile(peaks, (0.1, 0.9))
    assert low < 0.06
    assert high > 0.17


def test_neighbouring_traces_of_stacks_are_alike():
    coherence = [lateral_coherence(section.values) for section in varied_sections(30, 2, gathers=0.0)]
    assert np.median(coherence) > 0.5


def test_only_networks_for_panels_are_trained_on_them():
    network = UNet.model_validate({"training": {"generated_lines": 2, "epochs": 1}})
    with pytest.raises(SpecError, match="generated_lines is 2"):
        network.fit([], [], FitContext("logs", 0))


def test_a_network_for_panels_trains_on_them():
    lines = varied_sections(2, 5, traces=24, samples=80, gathers=0.0)
    panel = {"length": 16, "stride": 8, "width": 8, "width_stride": 8}
    training = {"epochs": 1, "batch": 8, "steps": 2, "stride": 16, "noise": [{"kind": "gaussian", "factor": 0.5}]}
    fitted = {}
    for count in (0, 3):
        network = UNet.model_validate(
            {
                "rank": 2,
                "widths": [4, 4],
                "kernel": 3,
                "window": panel,
                "training": {**training, "generated_lines": count},
            }
        )
        fitted[count] = network.fit(lines[:1], lines[1:], FitContext("seismic", 0)).denoiser.denoise(lines[1])
    assert not np.array_equal(fitted[0], fitted[3]), "other windows were trained on"
