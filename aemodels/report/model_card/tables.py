"""Tables from which a model card is rendered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class CardTables:
    """Results on the hold-out.

    Args:
        denoising: as `compare.denoising_table`.
        detectors: as `DetectorStudy.table`.
        faults: as `DetectorStudy.kinds`.
        thresholds: as `DetectorStudy.thresholds`.
    """

    denoising: pd.DataFrame
    detectors: pd.DataFrame
    faults: pd.DataFrame
    thresholds: pd.DataFrame
