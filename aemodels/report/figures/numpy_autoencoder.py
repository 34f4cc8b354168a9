"""Figures of the autoencoders in plain NumPy: network diagram, and results of the two reference problems."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from aemodels.numpy_autoencoder.network import Array, NumpyAutoencoder
from aemodels.numpy_autoencoder.reference_problems import SlopesResult, TrainedProblem, lines
from aemodels.report.figures.style import TEXT_GREY, new_figure, note, plain_axes, titled
from aemodels.report.palette import BLACK, BLUE, GREEN, ORANGE, VERMILION

SEQUENCE = "viridis"
MAX_DRAWN_UNITS = 24


def network_diagram(network: NumpyAutoencoder, *, title: str) -> Figure:
    """Draw a network: one line per weight, red = positive, blue = negative, width in proportion to its size.

    Args:
        network: at most 12 weights between two layers are written at their lines; biases are written in the nodes.
        title: heading of the figure.

    Returns:
        A figure; of a layer with more than 24 units the first 24 are drawn; its label gives the number of units.
    """
    sizes, layers = network.spec.sizes, network.layers
    drawn = [min(size, MAX_DRAWN_UNITS) for size in sizes]
    figure = new_figure(2.4 * len(sizes), max(3.2, 0.9 * max(drawn) + 1.6))
    axes = figure.subplots()
    axes.axis("off")
    nodes = [np.stack([np.full(n, float(x)), (n - 1) / 2 - np.arange(n)], axis=1) for x, n in enumerate(drawn)]
    largest = max(float(np.abs(weights).max()) for weights, _ in layers)
    for (weights, _), left, right in zip(layers, nodes, nodes[1:], strict=False):
        _draw_weights(axes, weights[: len(left), : len(right)] / largest, left, right)
        if weights.size <= 12:
            _write_weights(axes, weights, left, right)
    for index, layer in enumerate(nodes):
        fill = ORANGE if index == network.spec.bottleneck else "white"
        axes.scatter(layer[:, 0], layer[:, 1], s=620, color=fill, edgecolor=BLACK, linewidth=1.3, zorder=3)
        biases = None if index == 0 else layers[index - 1][1]
        for unit, (x, y) in enumerate(layer):
            text = f"x{unit + 1}" if biases is None else f"{biases[unit]:.2f}"
            axes.text(x, y, text, ha="center", va="center", fontsize=7.5, zorder=4)
        axes.text(index, drawn[index] / 2 + 0.15, _layer_name(network, index), ha="center", va="bottom", fontsize=9)
    axes.set_ylim(-max(drawn) / 2 - 0.2, max(drawn) / 2 + 0.9)
    titled(axes, title, above_note=True)
    note(axes, f"Red: positive weights, blue: negative; the largest is {largest:.2f}. In the nodes: biases.")
    return figure


def _layer_name(network: NumpyAutoencoder, index: int) -> str:
    spec = network.spec
    kind = "input" if index == 0 else "bottleneck" if index == spec.bottleneck else spec.activations[index - 1]
    return f"{kind} ({spec.sizes[index]})"


def _draw_weights(axes: Axes, relative: Array, left: Array, right: Array) -> None:
    segments = [[tuple(start), tuple(end)] for start in left for end in right]
    flat = relative.reshape(-1)
    colours = [VERMILION if weight > 0 else BLUE for weight in flat]
    widths = (0.6 + 3.4 * np.abs(flat)).tolist()
    axes.add_collection(LineCollection(segments, linewidths=widths, colors=colours, zorder=1))


def _write_weights(axes: Axes, weights: Array, left: Array, right: Array) -> None:
    for row, start in enumerate(left):
        for column, end in enumerate(right):
            share = 0.34 if (row + column) % 2 else 0.62  # so that texts do not overlap where lines cross
            x, y = start + share * (end - start)
            box = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
            axes.text(x, y, f"{weights[row, column]:.2f}", fontsize=7, ha="center", va="center", bbox=box, zorder=2)


def slopes_panels(slopes: SlopesResult) -> Figure:
    """Draw the error per epoch, the latent value against the slope with its regression, and reconstructed lines.

    Args:
        slopes: see `reference_problems.train_slopes`.
    """
    trained = slopes.trained
    figure = new_figure(14.0, 4.6)
    error, regression, reconstruction = figure.subplots(1, 3)
    _draw_errors(error, trained.errors)
    latent = trained.network.encode(trained.data)[:, 0]
    gradient, offset = np.polyfit(slopes.slopes, latent, 1)
    unseen = trained.network.encode(lines(slopes.unseen))[:, 0]
    plain_axes(regression).scatter(slopes.slopes, latent, color=BLUE, zorder=3, label="training lines")
    regression.plot(slopes.unseen, unseen, color=GREEN, label="unseen lines")
    ends = np.array([-2.0, 2.0])
    regression.plot(ends, gradient * ends + offset, color=VERMILION, linestyle="--", label="regression")
    regression.set_xlabel("slope")
    regression.set_ylabel("latent value")
    regression.legend(frameon=False, fontsize=8.5)
    titled(regression, "Latent value of each line", above_note=True)
    shape = "monotone" if slopes.monotone else "not monotone"
    note(regression, f"R² {slopes.r_squared:.4f}; {shape} over unseen slopes")
    _draw_lines(reconstruction, slopes)
    return figure


def _draw_lines(axes: Axes, slopes: SlopesResult) -> None:
    network, points = slopes.trained.network, np.arange(3)
    unseen = lines(slopes.unseen[::10])
    for data, colour, name in ((slopes.trained.data[:4], BLUE, "training"), (unseen, GREEN, "unseen")):
        for number, (line, reconstruction) in enumerate(zip(data, network.reconstruct(data), strict=True)):
            labels = (name, f"{name}, reconstructed") if number == 0 else (None, None)
            plain_axes(axes).plot(points, line, color=colour, linewidth=1.6, label=labels[0])
            axes.plot(points, reconstruction, color=colour, linestyle=":", marker="x", label=labels[1])
    axes.set_xticks(points, [f"x{point + 1}" for point in points])
    axes.legend(frameon=False, fontsize=8.5)
    titled(axes, "Lines and their reconstructions")


def spiral_panels(trained: TrainedProblem, *, title: str) -> Figure:
    """Draw six panels of a network with two inputs and one latent value: errors, reconstruction and latent values.

    Args:
        trained: data float64[sample, 2].
        title: heading of the figure.
    """
    data, network = trained.data, trained.network
    rebuilt, latent = network.reconstruct(data), network.encode(data)[:, 0]
    figure = new_figure(14.0, 8.4)
    panels = figure.subplots(2, 3)
    _draw_errors(panels[0, 0], trained.errors)
    _draw_pairs(panels[0, 1], data, rebuilt)
    distance = np.sqrt(((rebuilt - data) ** 2).sum(axis=1))
    _draw_coloured(panels[0, 2], data, distance, "distance to the reconstruction")
    titled(panels[0, 2], "Reconstruction error", above_note=True)
    note(panels[0, 2], f"mean {distance.mean():.3f}, largest {distance.max():.6f}")
    plain_axes(panels[1, 0], grid="y").hist(latent, bins=40, color=BLUE, edgecolor="white")
    panels[1, 0].set_xlabel("latent value")
    panels[1, 0].set_ylabel("samples")
    titled(panels[1, 0], "Latent values", above_note=True)
    note(panels[1, 0], f"{network.spec.compression:g} inputs per latent value")
    _draw_coloured(panels[1, 1], data, latent, "latent value")
    titled(panels[1, 1], "Data by latent value")
    _draw_manifold(panels[1, 2], trained, latent)
    figure.suptitle(title, fontsize=13, fontweight="bold")
    return figure


def _draw_errors(axes: Axes, errors: Array) -> None:
    plain_axes(axes).plot(np.arange(1, len(errors) + 1), errors, color=BLUE, linewidth=1.6)
    axes.set_yscale("log")
    axes.set_xlabel("epoch")
    axes.set_ylabel("mean squared error")
    titled(axes, "Training", above_note=True)
    note(axes, f"{errors[0]:.6f} at epoch 1, {errors[-1]:.6f} at epoch {len(errors)}")


def _draw_pairs(axes: Axes, data: Array, rebuilt: Array) -> None:
    plain_axes(axes).scatter(data[:, 0], data[:, 1], s=9, color=BLUE, label="data")
    axes.scatter(rebuilt[:, 0], rebuilt[:, 1], s=9, color=VERMILION, label="reconstruction")
    axes.set_aspect("equal")
    axes.legend(frameon=True, edgecolor="white", fontsize=8.5)
    titled(axes, "Data and reconstruction", above_note=True)
    note(
        axes,
        f"mean squared error {np.mean((rebuilt - data) ** 2):.6f}, "
        f"mean absolute error {np.abs(rebuilt - data).mean():.6f}",
    )


def _draw_coloured(axes: Axes, data: Array, values: Array, name: str) -> None:
    points = plain_axes(axes).scatter(data[:, 0], data[:, 1], s=11, c=values, cmap=SEQUENCE)
    axes.set_aspect("equal")
    axes.figure.colorbar(points, ax=axes, label=name, shrink=0.85)


def _draw_manifold(axes: Axes, trained: TrainedProblem, latent: Array) -> None:
    path = np.linspace(latent.min(), latent.max(), 200)[:, None]
    plain_axes(axes).scatter(trained.data[:, 0], trained.data[:, 1], s=7, color=TEXT_GREY, alpha=0.4)
    axes.plot(*trained.network.decode(path).T, color=VERMILION, linewidth=2.4)
    axes.set_aspect("equal")
    titled(axes, "Decoded manifold")
