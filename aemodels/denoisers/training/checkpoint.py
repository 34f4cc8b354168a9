"""Checkpoint of a training: one file, replaced atomically after each epoch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from aemodels.core.errors import DataError
from aemodels.io.files.atomic import atomic_path

Arrays = list[NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """State of a training after its last finished epoch.

    Args:
        state: variables of the network (weights, random states), then of the optimizer.
        best: weights of the best epoch so far.
        history: one list per metric, one entry per finished epoch.
    """

    state: Arrays
    best: Arrays
    history: dict[str, list[float]]

    def save(self, path: Path) -> None:
        """Write the checkpoint atomically, as plain numeric arrays without pickle."""
        arrays: dict[str, Any] = {f"state_{index:04d}": array for index, array in enumerate(self.state)}
        arrays |= {f"best_{index:04d}": array for index, array in enumerate(self.best)}
        arrays |= {f"history_{name}": np.asarray(series, dtype=np.float64) for name, series in self.history.items()}
        with atomic_path(path) as temporary, temporary.open("wb") as stream:
            np.savez(stream, **arrays)

    @classmethod
    def load(cls, path: Path) -> Checkpoint:
        """Read a checkpoint: the inverse of `save`.

        Raises:
            DataError: if the file is not a checkpoint written by `save`.
        """
        try:
            with np.load(path, allow_pickle=False) as stored:
                arrays = dict(stored)
        except (BadZipFile, ValueError, EOFError) as error:
            raise DataError(
                f"{path} cannot be read as a training checkpoint: {error}; delete it, then train again"
            ) from error
        history = {name: array.tolist() for name, array in arrays.items() if name.startswith("history_")}
        return cls(
            state=[arrays[name] for name in sorted(arrays) if name.startswith("state_")],
            best=[arrays[name] for name in sorted(arrays) if name.startswith("best_")],
            history={name.removeprefix("history_"): series for name, series in history.items()},
        )
