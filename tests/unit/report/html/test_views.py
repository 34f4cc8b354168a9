"""Data of the interactive figures: packing keeps values, extremes, signs and gaps."""

from __future__ import annotations

import base64
import re
from html import unescape

import numpy as np
import pytest

from aemodels.core.types import Channel, Recording, Scores, Source
from aemodels.report.html.line import MAX_PIXELS, section_view
from aemodels.report.html.page import MAX_VALUES, figure_page, pack_array
from aemodels.report.html.well import Marks, Track, TrackCurve, well_view
from aemodels.report.largest_residual import residuals
from aemodels.report.log_scales import SCALES
from aemodels.signal.bad_hole import bad_hole


def unpacked(view: dict, count: int) -> np.ndarray:
    """Decode a packed array as assets/common.js does."""
    if view["type"] == "none":
        return np.full(count, np.nan)
    raw = base64.b64decode(view["data"])
    if view["type"] == "i2":
        codes = np.frombuffer(raw, "<i2")
        values = np.where(codes == -32768, np.nan, view["low"] + (codes + 32767.0) * view["step"])
    else:
        values = np.frombuffer(raw, "<f4").astype(np.float64)
    return 10**values if view.get("log") else values


def well(**curves: np.ndarray) -> Recording:
    values = np.stack([np.asarray(row, dtype=np.float32) for row in curves.values()])
    channels = tuple(Channel(name) for name in curves)
    axis = 1000.0 + 0.5 * np.arange(values.shape[1])
    return Recording(values, axis, channels, "logs", Source("a.las", "0" * 64), "A-1")


@pytest.mark.parametrize("spread", [1.0, 300.0, 1e6])
def test_the_packing_error_is_below_the_resolution(spread: float) -> None:
    values = (np.random.default_rng(0).normal(size=500) * spread).astype(np.float32)
    values[[3, 400]] = np.nan
    found = unpacked(pack_array(values, 0.01), 500)
    assert np.isnan(found[[3, 400]]).all()
    np.testing.assert_allclose(found, values, atol=0.005 if spread < 1e6 else 0.0)


def test_packing_keeps_logarithmic_and_nonpositive_values() -> None:
    values = np.array([0.02, 5.0, np.nan, 40_000.0], dtype=np.float32)
    np.testing.assert_allclose(unpacked(pack_array(values, 4e-4, log=True), 4), values, rtol=1e-3)
    impossible = np.array([-1.0, 0.0, 2000.0], dtype=np.float32)
    np.testing.assert_array_equal(unpacked(pack_array(impossible, 4e-4, log=True), 3), impossible)


def test_missing_and_constant_arrays_are_packed() -> None:
    assert pack_array(np.full(5, np.nan, dtype=np.float32), 0.1) == {"type": "none"}
    np.testing.assert_array_equal(unpacked(pack_array(np.full(5, 8.5, dtype=np.float32), 0.1), 5), np.full(5, 8.5))


def test_extremes_of_a_long_well_keep_their_depths() -> None:
    samples = MAX_VALUES
    values = np.full(samples, 60.0, dtype=np.float32)
    values[123_456] = 149.0
    values[300_001] = 1.0
    axis = 1000.0 + 0.1 * np.arange(samples)
    curve = TrackCurve("GR", "gAPI", SCALES["GR"], {"raw": values, "denoised": values})
    view = well_view(axis, [Track((curve,))], Marks())
    layer = unpacked(view["tracks"][0]["curves"][0]["layers"][0]["values"], view["rows"])
    depth = view["axis"]["start"] + view["axis"]["step"] * np.arange(view["rows"])
    assert 2 * view["rows"] <= 1.01 * MAX_VALUES
    assert (layer.max(), layer.min()) == pytest.approx((149.0, 1.0), abs=0.01)
    assert depth[layer.argmax()] == pytest.approx(axis[123_456], abs=0.1 * view["every"])
    assert depth[layer.argmin()] == pytest.approx(axis[300_001], abs=0.1 * view["every"])


def test_uneven_depths_are_stored_unchanged() -> None:
    axis = np.array([1000.0, 1000.5, 1003.0])
    curve = TrackCurve("GR", "gAPI", SCALES["GR"], {"raw": np.float32([1, 2, 3])})
    view = well_view(axis, [Track((curve,))], Marks())
    np.testing.assert_array_equal(np.frombuffer(base64.b64decode(view["axis"]["data"]), "<f8"), axis)


def test_a_section_keeps_signs_peaks_and_gaps() -> None:
    values = np.zeros((600, 2000), dtype=np.float32)
    values[:, ::2] = 1.0
    values[10, 1001] = -40.0
    values[11] = np.nan
    view = section_view({"raw": values}, 0.002 * np.arange(2000), scale_of="raw")
    codes = np.frombuffer(base64.b64decode(view["panels"][0]["data"]), np.int8).reshape(view["columns"], view["rows"])
    assert codes.size <= 1.01 * MAX_PIXELS
    pool = -(-2000 // view["rows"])
    assert codes[10, 1001 // pool] == -127
    assert (codes[11] == -128).all()
    assert codes[0].min() == 127, "every group of samples holds a peak of the clip level"
    assert view["limits"] == pytest.approx([-0.001, -0.001 + 0.002 * pool * view["rows"]])


def test_bad_hole_follows_caliper_and_density_correction() -> None:
    caliper = np.full(20, 8.5)
    caliper[5:8] = 10.6
    caliper[10] = 10.4
    correction = np.zeros(20)
    correction[15] = -0.2
    bad = bad_hole(well(CALI=caliper, BS=np.full(20, 8.5), DRHO=correction))
    assert bad is not None
    assert np.flatnonzero(bad).tolist() == [5, 6, 7, 15]
    assert bad_hole(well(CALI=caliper)) is None, "a caliper says nothing without the bit size"


def test_the_largest_residual_is_measured_in_its_curves_standard_deviations() -> None:
    rng = np.random.default_rng(1)
    denoised = np.stack([np.full(1000, 80.0), np.full(1000, 2.4), np.full(1000, 10.0)]).astype(np.float32)
    noise = rng.normal(size=(3, 1000)) * np.array([[5.0], [0.01], [0.0]])
    raw = (denoised + noise).astype(np.float32)
    raw[0, 500], raw[1, 501] = 100.0, 2.6
    raw[2] *= 10 ** (0.02 * rng.normal(size=1000))
    scores = Scores("logs", np.zeros(1000, np.float32), 1.0, ("",) * 1000, ("GR", "RHOB", "RDEP"), raw, denoised, raw)
    found = residuals(scores)
    np.testing.assert_allclose(found.sigma, [5.0, 0.01, 0.02], rtol=0.1)
    largest = found.largest(slice(495, 505))
    assert largest is not None
    assert (largest.curve, largest.log10) == ("RHOB", False), "20 g/API are 4 σ, 0.2 g/cm3 are 20 σ"
    assert largest.value == pytest.approx(0.2, abs=1e-6)
    assert largest.sigmas == pytest.approx(20.0, rel=0.1)


def test_there_is_no_largest_residual_if_nothing_is_observed() -> None:
    blank = np.full((1, 9), np.nan, dtype=np.float32)
    scores = Scores("logs", blank[0], 1.0, ("",) * 9, ("GR",), blank, blank, blank)
    assert residuals(scores).largest(slice(2, 4)) is None


def test_the_page_of_a_figure_is_self_contained() -> None:
    view = section_view({"noisy": np.ones((4, 5), np.float32)}, 0.004 * np.arange(5), scale_of="noisy")
    html = figure_page(view, title="</title><script>alert(1)</script>", note="a & b")
    assert "<script>alert(1)" not in html
    assert not re.search(r"\b(?:src|href)=|@import|https?:", html)
    assert "default-src 'none'" in unescape(html)
