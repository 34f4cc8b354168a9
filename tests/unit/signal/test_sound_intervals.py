"""Intervals that reviewers call sound are repeated below a well, as often as they are rare."""

from __future__ import annotations

import dataclasses

import numpy as np

from aemodels.core.types import Channel, Recording
from aemodels.review.curves import FAULT, REVIEWED, SOUND
from aemodels.signal.sound_intervals import CONTEXT, GAP, MAX_COPIES, SHARE, with_repeated_sound
from helpers.recordings import make_well


def reviewed_well(*said: tuple[int, int, float], samples: int = 1000) -> Recording:
    well = make_well("W-1", samples=samples)
    values = np.full(samples, np.nan, np.float32)
    for start, stop, what in said:
        values[start:stop] = what
    channels = (*well.channels, Channel(REVIEWED))
    return dataclasses.replace(well, values=np.concatenate([well.values, values[None]]), channels=channels)


def test_a_sound_interval_is_repeated_with_its_surroundings_until_it_counts() -> None:
    well, other = reviewed_well((500, 505, SOUND), (700, 720, FAULT)), make_well("W-2", samples=1000)
    repeated, same = with_repeated_sound([well, other])
    assert same is other
    copies = round(SHARE * 2000 / 5)
    piece = np.concatenate(
        [np.full((len(well.channels), GAP), np.nan), well.values[:, 500 - CONTEXT : 505 + CONTEXT]], 1
    )
    np.testing.assert_array_equal(repeated.values[:, :1000], well.values)
    np.testing.assert_array_equal(repeated.values[:, 1000:], np.tile(piece, copies))
    np.testing.assert_allclose(np.diff(repeated.axis), np.median(np.diff(well.axis)))
    assert np.sum(repeated.channel(REVIEWED) == FAULT) == 20, "faults are not repeated"


def test_copies_are_limited_and_frequent_intervals_stay_as_they_are() -> None:
    (rare,) = with_repeated_sound([reviewed_well((0, 1, SOUND), samples=5000)])
    assert rare.axis.size == 5000 + MAX_COPIES * (GAP + 1 + CONTEXT)
    frequent = reviewed_well((0, 200, SOUND))
    np.testing.assert_array_equal(with_repeated_sound([frequent])[0].values, frequent.values)
    assert with_repeated_sound([]) == ()
