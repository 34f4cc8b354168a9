"""A line as data for the interactive sections: 8-bit panels on one symmetric scale, a score a trace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aemodels.core.types import AxisArray, FloatArray, Recording, Scores
from aemodels.report.flagged_intervals import sample_step
from aemodels.report.html.page import View, pack_array, to_base64
from aemodels.report.log_scales import clip_level, score_limits
from aemodels.signal.runs import runs

MAX_COLUMNS = 1000
# Of one panel; three of them make 1.6 MB in base64.
MAX_PIXELS = 400_000
MAX_CLIP_SAMPLES = 200_000
HEADERS = ("inline", "crossline")


def scored_line(recording: Recording, scores: Scores) -> View:
    """Raw, denoised and residual section with the flagged traces and the score of each trace.

    Args:
        recording: gives times and trace headers.
        scores: of kind "seismic".

    Returns:
        JSON-ready data for assets/section.js. Of a line with more than 1,000 traces, equal groups are drawn by
        their trace with the highest score, so that no flagged trace is lost.
    """
    every = -(-len(scores.raw) // MAX_COLUMNS)
    places = _places(scores.score, every)
    raw, denoised = scores.raw[places], scores.denoised[places]
    view = section_view({"raw": raw, "denoised": denoised, "residual": raw - denoised}, recording.axis, scale_of="raw")
    low, high = score_limits(scores)
    headers = [recording.channels[place].headers for place in places]
    view |= {
        "traces": every * len(places),
        "every": every,
        "first": (every - 1) / 2,
        "places": places.tolist(),
        "headers": _headers(headers, places),
        "flagged": [[start, stop - 1, _reason(scores, start, stop)] for start, stop in runs(scores.is_anomaly)],
        "score": {
            "threshold": scores.threshold,
            "low": low,
            "high": high,
            "values": pack_array(scores.score[places], 1e-4 * (high - low)),
        },
    }
    return view


def section_view(panels: Mapping[str, FloatArray], axis: AxisArray, *, scale_of: str) -> View:
    """Panels side by side, without scores.

    Args:
        panels: name → float32[trace, sample], all of one shape, at most some thousand traces.
        axis: float64[sample], two-way time in s.
        scale_of: the panel whose amplitudes set the colour scale of all.
    """
    columns, samples = panels[scale_of].shape
    pool = max(1, -(-columns * samples // MAX_PIXELS))
    clip = clip_level(_few(panels[scale_of]))
    half = sample_step(axis) / 2 or 0.5
    return {
        "kind": "seismic",
        "unit": "s",
        "traces": columns,
        "columns": columns,
        "rows": -(-samples // pool),
        "every": 1,
        "first": 0,
        "step": 2 * half,
        "limits": [float(axis[0]) - half, float(axis[0]) - half + 2 * half * pool * -(-samples // pool)],
        "clip": clip,
        "panels": [{"name": name, "data": to_base64(_codes(values, clip, pool))} for name, values in panels.items()],
        "places": list(range(columns)),
        "headers": {},
        "flagged": [],
        "score": None,
    }


def _headers(headers: Sequence[Mapping[str, Any]], places: NDArray[np.intp]) -> dict[str, list[Any]]:
    """What the readout tells of each trace; its number in the file only where this is a part of the file."""
    found = {name: [header.get(name) for header in headers] for name in HEADERS if name in headers[0]}
    numbers = [header.get("trace", int(place)) for header, place in zip(headers, places, strict=True)]
    return found if numbers == places.tolist() else {"trace in the file": numbers, **found}


def _places(score: FloatArray, every: int) -> NDArray[np.intp]:
    """The trace of each group of `every` that scores highest."""
    padded = np.pad(np.nan_to_num(score, nan=-np.inf), (0, -score.size % every), constant_values=-np.inf)
    places = padded.reshape(-1, every).argmax(axis=1) + np.arange(0, padded.size, every)
    return np.asarray(np.minimum(places, score.size - 1), dtype=np.intp)


def _few(values: FloatArray) -> FloatArray:
    """Enough of the samples to know their percentiles."""
    flat = values.reshape(-1)
    return flat[:: max(1, flat.size // MAX_CLIP_SAMPLES)]


def _codes(values: FloatArray, clip: float, pool: int) -> NDArray[np.int8]:
    """-127 to 127 for −clip to clip, -128 for missing; of each `pool` samples the one farthest from zero."""
    if pool > 1:
        padded = np.pad(values, ((0, 0), (0, -values.shape[1] % pool)), mode="edge").reshape(len(values), -1, pool)
        loudest = np.nan_to_num(np.abs(padded), nan=-1.0).argmax(axis=2)[..., np.newaxis]
        values = np.take_along_axis(padded, loudest, axis=2)[..., 0]
    levels = np.clip(values * np.float32(127.0 / clip), -127.0, 127.0)
    return np.asarray(np.nan_to_num(np.rint(levels), nan=-128.0), dtype=np.int8)


def _reason(scores: Scores, start: int, stop: int) -> str:
    return "; ".join(dict.fromkeys(reason for reason in scores.reason[start:stop] if reason))
