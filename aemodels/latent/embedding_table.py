"""Table of embeddings: one row per window, with its depths, or its trace and times."""

from __future__ import annotations

import numpy as np
import pandas as pd

from aemodels.core.types import IntArray, Recording
from aemodels.curves.lithology import UNKNOWN, lithology
from aemodels.latent.embed import Embeddings


def embedding_table(recording: Recording, embeddings: Embeddings, curves: tuple[str, ...], role: str) -> pd.DataFrame:
    """Tabulate the embeddings of a recording, one row per window.

    Args:
        recording: the recording that was embedded.
        embeddings: of its section.
        curves: names of the section's channels (logs); empty for seismic, whose channels are traces.
        role: "train", "validation" or "test".

    Returns:
        Columns role, section, curve (its name; "all" if a window holds several) or trace (number in the file of the
        window's first trace), from and to (first and last sample of the window: depth in m or time in s), observed
        (share), lithology (class number in the middle of the window, -1 = unknown; only if the recording has such a
        curve), and z1 … zk.
    """
    first, last = embeddings.origin[:, 1], embeddings.origin[:, 1] + embeddings.window.length - 1
    channel = embeddings.origin[:, 0]
    if curves:
        names = np.array(curves) if embeddings.window.width == 1 else np.array(["all"])
        label: dict[str, object] = {"curve": names[np.minimum(channel, len(names) - 1)]}
    else:
        traces = [int(one.headers.get("trace", number)) for number, one in enumerate(recording.channels)]
        label = {"trace": np.array(traces)[channel]}
    end = recording.axis.size - 1
    known = window_lithology(recording, embeddings)
    table = pd.DataFrame(
        {
            "role": role,
            "section": recording.name,
            **label,
            "from": recording.axis[np.minimum(first, end)],
            "to": recording.axis[np.minimum(last, end)],
            "observed": embeddings.observed,
            **({} if known is None else {"lithology": known}),
        }
    )
    numbers = pd.DataFrame(
        embeddings.values, columns=[f"z{number + 1}" for number in range(embeddings.values.shape[1])]
    )
    return pd.concat([table, numbers], axis=1)


def window_lithology(recording: Recording, embeddings: Embeddings) -> IntArray | None:
    """Return the lithology in the middle of each window, int64[window], -1 = unknown; None if no curve gives it."""
    known = lithology(recording) if recording.kind == "logs" else None
    if known is None:
        return None
    inside = embeddings.centre < known.size
    return np.where(inside, known[np.minimum(embeddings.centre, known.size - 1)], UNKNOWN).astype(np.int64)
