"""How unusual an evidence is: its rarity among intact traces, carried on beyond what was seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aemodels.detect.traces.neighbours import Floats

TAIL = 0.9  # quantile of intact traces at which the exponential tail begins
# Of the tail: evidence that intact traces never give is no certainty by its first trace of a hint. A trace among bad
# ones is less like its neighbours, and less well predicted, than any in a clean line.
LEAST_SCALE = 0.03
LEAST_BESIDE = {"strange": 0.8, "apart": 0.4, "hum": 0.2, "late": 0.06}


@dataclass(frozen=True, eq=False)
class Surprise:
    """-log10 of the share of intact traces with as much of each evidence.

    Args:
        sorted_below: float64[evidence, 101], percentiles 0 .. 100 of what intact traces give.
        start, scale: float64[evidence], where the tail begins, and its mean excess.
    """

    sorted_below: Floats
    start: Floats
    scale: Floats

    @classmethod
    def of(cls, names: Sequence[str], evidence: Floats) -> Surprise:
        """Measure intact traces.

        Args:
            names: of the evidence.
            evidence: float64[evidence, trace], at least one trace.
        """
        start = np.quantile(evidence, TAIL, axis=1)
        excess = np.maximum(evidence - start[:, None], 0.0)
        share = np.maximum((excess > 0).sum(axis=1), 1)
        least = np.array([LEAST_BESIDE.get(name, LEAST_SCALE) for name in names])
        scale = np.maximum(excess.sum(axis=1) / share, least)
        return cls(np.quantile(evidence, np.linspace(0, 1, 101), axis=1).T, start, scale)

    def __call__(self, evidence: Floats) -> Floats:
        """float64[evidence, trace], 0 = usual, 2 = one intact trace in a hundred.

        Beyond TAIL an exponential law is assumed (see Coles 2001, section 4.2, with shape 0).
        """
        rows = [
            np.interp(row, below, np.linspace(0, 1, below.size))
            for row, below in zip(evidence, self.sorted_below, strict=True)
        ]
        usual = -np.log10(np.clip(1.0 - np.stack(rows), 1.0 - TAIL, 1.0))
        beyond = -np.log10(1.0 - TAIL) + (evidence - self.start[:, None]) / (self.scale[:, None] * np.log(10.0))
        return np.asarray(np.where(evidence > self.start[:, None], beyond, np.minimum(usual, -np.log10(1.0 - TAIL))))

    def arrays(self, prefix: str) -> dict[str, NDArray[np.float64]]:
        """All numbers by name, each name beginning with `prefix`."""
        return {f"{prefix}below": self.sorted_below, f"{prefix}start": self.start, f"{prefix}scale": self.scale}

    @classmethod
    def restore(cls, arrays: dict[str, NDArray[np.float64]], prefix: str) -> Surprise:
        """The inverse of `arrays`."""
        return cls(*(np.asarray(arrays[f"{prefix}{name}"], dtype=np.float64) for name in ("below", "start", "scale")))


def joined(evidence: Sequence[dict[str, Floats]]) -> tuple[tuple[str, ...], Floats]:
    """Names, and the evidence of several lines side by side: float64[evidence, trace]."""
    names = tuple(evidence[0])
    return names, np.concatenate([np.stack([one[name] for name in names]) for one in evidence], axis=1)
