"""Curves of a file that its bundle does not score: a summary of each, which the metadata of the score file holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from aemodels.core.types import Recording
from aemodels.field.summarise import sample_lengths, summarise_readings
from aemodels.field.summary import CurveSummary

MAX_CURVES, MAX_TEXT = 120, 60  # of a file, so that a damaged header cannot fill the metadata
_LEFT_OUT = frozenset({"sketch", "flagged", "noise"})  # known of scored curves alone
_DEFAULTS = {one.name: one.default for one in fields(CurveSummary) if one.name not in _LEFT_OUT}


def describe_other_curves(recording: Recording, scored: Sequence[str]) -> list[dict[str, Any]]:
    """Return the summaries of the curves of a well that are not scored, as JSON values without those at their default.

    Nothing is known of curves without a canonical name but where they have readings: what looks stuck may be a code.

    Args:
        recording: as it was read; nothing is returned of a line.
        scored: names of the curves that have score columns.
    """
    if recording.kind != "logs":
        return []
    lengths, known = sample_lengths(recording.axis), set(scored)
    none = np.zeros(recording.axis.size, dtype=np.bool_)
    found = [
        summarise_readings(
            channel.name[:MAX_TEXT],
            (recording.axis, values, lengths),
            mnemonic=str(channel.headers.get("mnemonic", channel.name))[:MAX_TEXT],
            flagged=none,
        )
        for channel, values in zip(recording.channels, recording.values, strict=True)
        if channel.name not in known
    ]
    return [
        {key: value for key, value in vars(one).items() if key in _DEFAULTS and value != _DEFAULTS[key]}
        for one in found[:MAX_CURVES]
    ]
