"""Figures of embeddings, checked with embeddings of known coordinates."""

from __future__ import annotations

import numpy as np
import pytest

from aemodels.core.errors import DataError
from aemodels.report.figures.index import (
    decoded_grid,
    embedding_images,
    grid_points,
    lithology_map,
    plane_of,
    value_map,
)
from aemodels.report.figures.similar_intervals import Strip, similar_strips


def cloud(sizes: tuple[float, ...], count: int = 4000) -> np.ndarray:
    """Draw independent normal embeddings of known standard deviations about (1, 2, 3, ...)."""
    spread = np.random.default_rng(0).normal(size=(count, len(sizes))) * np.array(sizes)
    return (spread + np.arange(1, len(sizes) + 1)).astype(np.float32)


def test_the_plane_of_two_dimensional_embeddings_is_their_own():
    embeddings = cloud((1.0, 3.0))
    plane = plane_of(embeddings)
    np.testing.assert_array_equal(plane.project(embeddings), embeddings)
    assert plane.shares == pytest.approx([0.1, 0.9], abs=0.01)
    assert plane.labels()[0].startswith("dimension 1")


def test_the_plane_of_longer_embeddings_is_that_of_the_first_two_components():
    embeddings = cloud((1.0, 5.0, 2.0))
    plane = plane_of(embeddings)
    assert np.abs(plane.directions[[1, 2], [0, 1]]) == pytest.approx([1.0, 1.0], abs=0.02)
    assert plane.shares == pytest.approx([25 / 30, 4 / 30], abs=0.02)
    assert plane.project(embeddings).mean(axis=0) == pytest.approx([0.0, 0.0], abs=1e-4)
    with pytest.raises(DataError, match="1 dimension"):
        plane_of(embeddings[:, :1])


@pytest.mark.parametrize("sizes", [(1.0, 3.0), (1.0, 5.0, 2.0)])
def test_the_grid_spans_the_middle_of_the_plane_row_by_row(sizes):
    embeddings = cloud(sizes)
    flat = plane_of(embeddings).project(embeddings)
    knots = plane_of(embeddings).project(grid_points(embeddings))
    low, high = np.percentile(flat, [2, 98], axis=0)
    assert knots[0] == pytest.approx(low, abs=1e-4)
    assert knots[6] == pytest.approx([high[0], low[1]], abs=1e-4)
    assert knots[48] == pytest.approx(high, abs=1e-4)


def test_decoded_windows_are_drawn_at_the_positions_of_their_embeddings():
    windows = np.tile(np.linspace(0, 1, 20, dtype=np.float32)[None, :, None], (49, 1, 2))
    figure = decoded_grid(windows, plane_of(cloud((1.0, 2.0))), names=("GR", "RHOB"), title="vae")
    lines = figure.axes[0].collections
    assert len(lines) == 2
    tiles = [path.vertices for path in lines[0].get_paths()]
    assert [tuple(np.floor(tile[0]).astype(int)) for tile in tiles[:8]] == [*((n, 0) for n in range(7)), (0, 1)]
    assert [text.get_text() for text in figure.legends[0].texts] == ["GR", "RHOB"]


def test_decoded_panels_are_an_image_with_the_first_row_at_the_bottom():
    panels = np.zeros((49, 6, 12), dtype=np.float32)
    panels[0] = 1.0
    shown = decoded_grid(panels, plane_of(cloud((1.0, 2.0))), names=(), title="conv2d").axes[0].images[0].get_array()
    assert shown[-8:-2, :12].min() == 1.0
    assert np.nanmax(shown[:-8]) == 0.0


def test_each_lithology_has_a_style_and_a_count_and_the_unknown_is_drawn_behind():
    embeddings = cloud((1.0, 3.0), 60)
    rocks = np.repeat([65000, 30000, -1], [30, 20, 10])
    figure = lithology_map(embeddings, rocks, title="dense")
    lines = figure.axes[0].lines
    assert [line.get_label() for line in lines] == ["unknown (10)", "shale (30)", "sandstone (20)"]
    assert len({(line.get_color(), line.get_marker()) for line in lines}) == 3
    np.testing.assert_allclose(np.column_stack(lines[1].get_data()), embeddings[:30], atol=1e-6)


def test_values_colour_the_map_and_missing_ones_are_grey():
    embeddings = cloud((1.0, 3.0), 50)
    values = np.linspace(0, 1, 50, dtype=np.float32)
    values[:5] = np.nan
    axes = value_map(embeddings, values, label="GR, normalised", title="dense").axes[0]
    assert len(axes.lines[0].get_xdata()) == 5
    np.testing.assert_allclose(axes.collections[0].get_array(), values[5:])


def test_embeddings_along_a_section_are_an_image_and_eight_tiles():
    embeddings = np.arange(40 * 10, dtype=np.float32).reshape(40, 10)
    figure = embedding_images(embeddings, np.linspace(1000, 1039, 40), unit="m", title="dense")
    along, tiles = (axes.images[0].get_array() for axes in figure.axes[:2])
    np.testing.assert_array_equal(along, embeddings.T)
    assert figure.axes[0].images[0].get_extent()[:2] == [1000.0, 1039.0]
    assert tiles.shape == (3, 8 * 5 - 1), "ten numbers in three rows of four, a gap after each"
    np.testing.assert_array_equal(tiles[:, :4].ravel()[:10], embeddings[0])
    np.testing.assert_array_equal(tiles[:, -4:].ravel()[:10], embeddings[-1])


def test_similar_intervals_are_drawn_side_by_side_with_depth_down():
    values = np.array([[0.2, 0.4, np.nan], [0.9, 0.8, 0.7]], dtype=np.float32)
    strips = [Strip(f"W-{n}", np.array([100.0, 101.0, 102.0]) + 10 * n, "m", values) for n in range(12)]
    figure = similar_strips(strips, ("GR", "RHOB"), title="alike")
    assert [axes.get_title(loc="left") for axes in figure.axes] == [f"W-{n}" for n in range(8)], "the first eight"
    assert figure.axes[1].get_ylim() == (112.0, 110.0)
    np.testing.assert_array_equal(figure.axes[0].lines[1].get_xdata(), values[1])
    assert [text.get_text() for text in figure.legends[0].texts] == ["GR", "RHOB"]
