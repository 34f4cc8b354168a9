"""Rock-physics relations compared with textbook values."""

from __future__ import annotations

import numpy as np
import pytest

from aemodels.synthetic import rockphysics as rp


def test_wyllie_at_a_known_porosity() -> None:
    """Sandstone 55.5 us/ft, water 189 us/ft, porosity 0.2: 0.8 * 55.5 + 0.2 * 189 = 82.2 us/ft."""
    assert rp.wyllie_slowness(np.array([0.2]), 55.5, 189.0)[0] == pytest.approx(82.2)


def test_raymer_at_a_known_porosity() -> None:
    """0.8^2 * 5486 + 0.2 * 1613 = 3833.64 m/s, faster than the time average at the same porosity."""
    porosity = np.array([0.2])
    velocity = rp.raymer_velocity(porosity, 5486.0, 1613.0)
    assert velocity[0] == pytest.approx(3833.64)
    assert rp.US_PER_FT / velocity[0] < rp.wyllie_slowness(porosity, rp.US_PER_FT / 5486.0, rp.US_PER_FT / 1613.0)[0]


def test_archie_at_a_known_porosity() -> None:
    """Rw 0.05, porosity 0.25, water-filled: F = 16, Ro = 0.8 ohm.m; at Sw 0.5 four times that."""
    porosity = np.array([0.25, 0.25])
    np.testing.assert_allclose(rp.archie_resistivity(porosity, np.array([1.0, 0.5]), 0.05), [0.8, 3.2])


def test_simandoux_is_archie_without_clay_and_lower_with_it() -> None:
    porosity, saturation, brine = np.array([0.2, 0.3]), np.array([0.4, 1.0]), np.array([0.05, 0.06])
    archie = rp.archie_resistivity(porosity, saturation, brine)
    np.testing.assert_allclose(rp.simandoux_resistivity(porosity, saturation, brine, np.zeros(2)), archie)
    assert (rp.simandoux_resistivity(porosity, saturation, brine, np.full(2, 0.2)) < archie).all()


def test_density_of_a_mixture_is_bounded_by_its_parts() -> None:
    """Quartz 2.65 with 30 % brine 1.0: 2.155 g/cm3."""
    assert rp.bulk_density(np.array([0.3]), 2.65, 1.0)[0] == pytest.approx(2.155)
    mixture = rp.bulk_density(np.linspace(0, 1, 11), 2.65, 1.0)
    assert mixture[0] == 2.65 and mixture[-1] == 1.0 and (np.diff(mixture) < 0).all()


def test_porosity_falls_by_e_over_the_compaction_length() -> None:
    np.testing.assert_allclose(rp.compacted_porosity(0.5, np.array([0.0, 2000.0]), 2000.0), [0.5, 0.5 / np.e])


def test_gamma_ray_spans_matrix_to_clay() -> None:
    np.testing.assert_allclose(rp.gamma_ray(np.array([0.0, 0.5, 1.0]), 30.0, 120.0), [30.0, 75.0, 120.0])


def test_neutron_reads_porosity_in_limestone_and_less_than_missing_hydrogen_in_gas() -> None:
    porosity = np.array([0.25])
    assert rp.neutron_porosity(porosity, 1.0, 0.0)[0] == pytest.approx(0.25)
    assert rp.neutron_porosity(porosity, 0.6, 0.0)[0] < 0.25 * 0.6


def test_hotter_brine_is_more_conductive() -> None:
    at_20_degrees = (20.0 - rp.SURFACE_TEMPERATURE) / rp.GRADIENT
    cold, reference, hot = rp.brine_resistivity(np.array([0.0, at_20_degrees, 3000.0]), at_20=0.1)
    assert cold > reference > hot
    assert reference == pytest.approx(0.1)


def test_reflectivity_of_two_layers() -> None:
    """Impedances 2 and 3: (3 - 2) / (3 + 2) = 0.2, and the other way round -0.2."""
    np.testing.assert_allclose(rp.reflectivity(np.array([2.0, 2.0, 3.0, 2.0])), [0.0, 0.2, -0.2])


def test_ricker_peaks_at_its_frequency_and_has_no_mean() -> None:
    wavelet = rp.ricker(30.0, 0.001)
    assert wavelet.size % 2 == 1 and wavelet[wavelet.size // 2] == 1.0
    np.testing.assert_allclose(wavelet, wavelet[::-1])
    assert abs(wavelet.sum()) < 1e-3
    spectrum = np.abs(np.fft.rfft(wavelet, 8192))
    assert np.fft.rfftfreq(8192, 0.001)[spectrum.argmax()] == pytest.approx(30.0, abs=0.3)
    # trough to trough sqrt(6) / (pi f) = 26.0 ms
    half = wavelet.size // 2
    assert (wavelet[half:].argmin()) * 2 == pytest.approx(np.sqrt(6) / np.pi / 30.0 * 1000, abs=1.0)
