"""Data of the interactive sections of a line: 8-bit panels on one symmetric scale, and the score of each trace."""

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
MAX_PIXELS = 400_000  # per panel; three panels are 1.6 MB in base64
MAX_CLIP_SAMPLES = 200_000
HEADERS = ("inline", "crossline")


def scored_line(recording: Recording, scores: Scores) -> View:
    """Return raw, denoised and residual section with the flagged traces and the score of each trace.

    Args:
        recording: gives times and trace headers.
        scores: of kind "seismic".

    Returns:
        JSON-ready data for assets/section.js. Of a line with more than 1,000 traces, each of equal groups is
        represented by its trace with the highest score, so that no flagged trace is lost.
    """
    every = -(-len(scores.raw) // MAX_COLUMNS)
    drawn = _highest_scores(scores.score, every)
    raw, denoised = scores.raw[drawn], scores.denoised[drawn]
    view = section_view({"raw": raw, "denoised": denoised, "residual": raw - denoised}, recording.axis, scale_of="raw")
    low, high = score_limits(scores)
    headers = [recording.channels[trace].headers for trace in drawn]
    view |= {
        "traces": every * len(drawn),
        "every": every,
        "first": (every - 1) / 2,
        "from": int(recording.channels[0].headers.get("trace", 0)),
        "indices": drawn.tolist(),
        "headers": _headers(headers, drawn),
        "flagged": [[start, stop - 1, _reason(scores, start, stop)] for start, stop in runs(scores.is_anomaly)],
        "score": {
            "threshold": scores.threshold,
            "low": low,
            "high": high,
            "values": pack_array(scores.score[drawn], 1e-4 * (high - low)),
        },
    }
    return view


def section_view(panels: Mapping[str, FloatArray], axis: AxisArray, *, scale_of: str) -> View:
    """Return the data of panels side by side, without scores.

    Args:
        panels: name → float32[trace, sample], all of one shape, at most some thousand traces.
        axis: float64[sample], two-way time in s.
        scale_of: name of the panel whose amplitudes set the common colour scale.
    """
    columns, samples = panels[scale_of].shape
    pool = max(1, -(-columns * samples // MAX_PIXELS))
    clip = clip_level(_subsample(panels[scale_of]))
    half = sample_step(axis) / 2 or 0.5
    return {
        "kind": "seismic",
        "unit": "s",
        "traces": columns,
        "columns": columns,
        "rows": -(-samples // pool),
        "every": 1,
        "first": 0,
        "from": 0,
        "step": 2 * half,
        "limits": [float(axis[0]) - half, float(axis[0]) - half + 2 * half * pool * -(-samples // pool)],
        "clip": clip,
        "panels": [{"name": name, "data": to_base64(_quantise(values, clip, pool))} for name, values in panels.items()],
        "indices": list(range(columns)),
        "headers": {},
        "flagged": [],
        "score": None,
    }


def _headers(headers: Sequence[Mapping[str, Any]], drawn: NDArray[np.intp]) -> dict[str, list[Any]]:
    """Return the header values shown for each trace; the trace number only if it differs from the index drawn."""
    found = {name: [header.get(name) for header in headers] for name in HEADERS if name in headers[0]}
    numbers = [header.get("trace", int(trace)) for header, trace in zip(headers, drawn, strict=True)]
    return found if numbers == drawn.tolist() else {"trace in the file": numbers, **found}


def _highest_scores(score: FloatArray, every: int) -> NDArray[np.intp]:
    """Return the index of the trace with the highest score of each group of `every` traces."""
    padded = np.pad(np.nan_to_num(score, nan=-np.inf), (0, -score.size % every), constant_values=-np.inf)
    indices = padded.reshape(-1, every).argmax(axis=1) + np.arange(0, padded.size, every)
    return np.asarray(np.minimum(indices, score.size - 1), dtype=np.intp)


def _subsample(values: FloatArray) -> FloatArray:
    """Return evenly spaced samples, enough to estimate percentiles."""
    flat = values.reshape(-1)
    return flat[:: max(1, flat.size // MAX_CLIP_SAMPLES)]


def _quantise(values: FloatArray, clip: float, pool: int) -> NDArray[np.int8]:
    """Return -127 to 127 for −clip to clip, -128 for missing; of each `pool` samples the largest in absolute value."""
    if pool > 1:
        padded = np.pad(values, ((0, 0), (0, -values.shape[1] % pool)), mode="edge").reshape(len(values), -1, pool)
        largest = np.nan_to_num(np.abs(padded), nan=-1.0).argmax(axis=2)[..., np.newaxis]
        values = np.take_along_axis(padded, largest, axis=2)[..., 0]
    levels = np.clip(values * np.float32(127.0 / clip), -127.0, 127.0)
    return np.asarray(np.nan_to_num(np.rint(levels), nan=-128.0), dtype=np.int8)


def _reason(scores: Scores, start: int, stop: int) -> str:
    return "; ".join(dict.fromkeys(reason for reason in scores.reason[start:stop] if reason))
