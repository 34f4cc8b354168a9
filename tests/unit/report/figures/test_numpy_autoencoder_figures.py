"""Figures of the autoencoders in plain NumPy: weights, biases and errors are shown."""

from __future__ import annotations

import numpy as np

from aemodels.numpy_autoencoder.network import NumpyAutoencoderSpec
from aemodels.numpy_autoencoder.reference_problems import train_slopes, train_spiral
from aemodels.report.figures.index import network_diagram, slopes_panels, spiral_panels
from aemodels.report.palette import BLUE, VERMILION


def _texts(figure) -> str:
    return " | ".join(text.get_text() for axes in figure.axes for text in axes.texts)


def test_a_network_is_drawn_with_all_its_nodes_weights_and_biases():
    network = NumpyAutoencoderSpec(sizes=(3, 1, 3), activations=("tanh", "linear")).draw(np.random.default_rng(3))
    figure = network_diagram(network, title="small")
    axes = figure.axes[0]
    nodes, weights = axes.collections[2:], axes.collections[:2]
    assert [len(layer.get_offsets()) for layer in nodes] == [3, 1, 3]
    from matplotlib.colors import to_hex

    for drawn, (values, _) in zip(weights, network.layers, strict=True):
        signs = [VERMILION if value > 0 else BLUE for value in values.reshape(-1)]
        assert [to_hex(colour).upper() for colour in drawn.get_colors()] == signs
        widths = np.array(drawn.get_linewidths())
        assert (np.argsort(widths) == np.argsort(np.abs(values.reshape(-1)))).all()
    for values, _ in network.layers:
        assert all(f"{value:.2f}" in _texts(figure) for value in values.reshape(-1))
    assert "bottleneck (1)" in _texts(figure)


def test_the_spiral_figure_states_the_published_errors():
    figure = spiral_panels(train_spiral(), title="spiral")
    panels = [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]
    assert len(panels) == 6
    assert panels[0].get_yscale() == "log"
    for number in ("0.036121", "0.036107", "0.152370", "0.479090", "2 inputs per latent value"):
        assert number in _texts(figure)


def test_the_slopes_figure_states_r_squared():
    found = train_slopes(0)
    assert f"R² {found.r_squared:.4f}; monotone" in _texts(slopes_panels(found))
