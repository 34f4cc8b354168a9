"""Embeddings as a table: the code of every window with its depth, or its trace and time."""

from __future__ import annotations

import numpy as np
import pandas as pd

from aemodels.core.types import IntArray, Recording
from aemodels.curves.lithology import UNKNOWN, lithology
from aemodels.latent.embed import Embeddings


def embedding_table(recording: Recording, codes: Embeddings, curves: tuple[str, ...], role: str) -> pd.DataFrame:
    """The codes of a recording, a row a window.

    Args:
        recording: what was encoded.
        codes: of its section.
        curves: names of the section's channels (logs); empty for seismic, where they are traces.
        role: "train", "validation" or "test".

    Returns:
        role, section, curve (its name; "all" where a window holds several) or trace (the file's number of the window's
        first trace), from and to (first and last sample of the window: depth in m or time in s), observed (share),
        lithology (number in the middle of the window, -1 = unknown; only where the recording has such a curve), and
        z1 … zk.
    """
    first, last = codes.origin[:, 1], codes.origin[:, 1] + codes.window.length - 1
    channel = codes.origin[:, 0]
    if curves:
        names = np.array(curves) if codes.window.width == 1 else np.array(["all"])
        place: dict[str, object] = {"curve": names[np.minimum(channel, len(names) - 1)]}
    else:
        traces = [int(one.headers.get("trace", number)) for number, one in enumerate(recording.channels)]
        place = {"trace": np.array(traces)[channel]}
    end = recording.axis.size - 1
    known = window_lithology(recording, codes)
    table = pd.DataFrame(
        {
            "role": role,
            "section": recording.name,
            **place,
            "from": recording.axis[np.minimum(first, end)],
            "to": recording.axis[np.minimum(last, end)],
            "observed": codes.observed,
            **({} if known is None else {"lithology": known}),
        }
    )
    numbers = pd.DataFrame(codes.values, columns=[f"z{number + 1}" for number in range(codes.values.shape[1])])
    return pd.concat([table, numbers], axis=1)


def window_lithology(recording: Recording, codes: Embeddings) -> IntArray | None:
    """Lithology in the middle of each window: int64[window], -1 = unknown; None where the recording has none."""
    known = lithology(recording) if recording.kind == "logs" else None
    if known is None:
        return None
    inside = codes.centre < known.size
    return np.where(inside, known[np.minimum(codes.centre, known.size - 1)], UNKNOWN).astype(np.int64)
