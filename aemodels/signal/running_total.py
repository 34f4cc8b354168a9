"""Running total, from which the sum of any interval is one difference."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def running_total(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the sum of all values before each sample and before the end, float64[channel, sample + 1].

    >>> running_total(np.array([[1.0, 2.0, 3.0]])).tolist()
    [[0.0, 1.0, 3.0, 6.0]]
    """
    out = np.zeros((len(values), values.shape[1] + 1))
    np.cumsum(values, axis=1, dtype=np.float64, out=out[:, 1:])
    return out
