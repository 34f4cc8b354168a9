"""A frame of a DLIS or LIS file: channels sampled on one index."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from aemodels.core.errors import UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.curves.resolve import Candidate, resolve
from aemodels.curves.tables import NO_UNIT, Aliases, is_depth, normal_unit, unit_factor
from aemodels.io.las.data_table import as_table_of_columns
from aemodels.io.las.depth_index import build_index
from aemodels.io.las.file_sections import refusal
from aemodels.io.las.header import LasCurve, LasHeader
from aemodels.io.las.multi_log import LasLog
from aemodels.io.left_out import left_out_findings

Column: TypeAlias = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Frame:
    """A frame, its channels not yet read.

    Args:
        number: its place in the file, from 1.
        name: name in messages, as "logical file 1, frame 60B".
        group: number of the logical file that it belongs to, from 1.
        curves: the channels of one number per depth, the index first.
        columns: reads them: number[row] per curve, in the type that the file stores.
        arrays: channels left out because they hold several numbers per depth.
        texts: channels left out because they hold no numbers.
        rows: number of rows; 0 if it is known only after reading.
        well: fields of the well, by the mnemonics of LAS.
        ends: STRT, STOP and STEP in the unit of the index, as text; without those that the file does not state.
        items: name of each of them in the format.
        null: value of missing samples.
        problem: reason why it cannot be read; "" if it can.
    """

    number: int
    name: str
    group: int
    curves: tuple[LasCurve, ...]
    columns: Callable[[], list[Column]]
    arrays: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    rows: int = 0
    well: Mapping[str, str] = field(default_factory=dict)
    ends: Mapping[str, str] = field(default_factory=dict)
    items: Mapping[str, str] = field(default_factory=dict)
    null: float = -999.25
    problem: str = ""

    @property
    def index(self) -> str:
        """Name and unit of the index, for messages."""
        return f"{self.curves[0].mnemonic!r} in {self.curves[0].unit!r}" if self.curves else "none"

    def has_depth(self, aliases: Aliases) -> bool:
        """Return True if the index is a depth."""
        if self.problem or not self.curves:
            return False
        index = self.curves[0]
        if normal_unit(index.unit) in NO_UNIT:
            return is_depth(index.mnemonic, aliases)
        return unit_factor(index.unit, "m", aliases) is not None

    def known(self, aliases: Aliases) -> frozenset[str]:
        """Return the canonical curves among the channels, by name and unit."""
        matches, _ = resolve([Candidate(c.name, c.mnemonic, c.unit) for c in self.curves[1:]], aliases)
        return frozenset(match.name for match in matches)

    def read(self, aliases: Aliases) -> LasLog:
        """Read the frame.

        Raises:
            UnreadableFileError: if it has no usable depths or no numbers.
        """
        if self.problem:
            raise refusal("not-readable", self.name, self.problem, "a frame that can be decoded", "export it again")
        header = LasHeader(
            curves=self.curves,
            well={**self.well, **self.ends},
            units=dict.fromkeys(self.ends, self.curves[0].unit),
            wrapped=False,
            delimiter=None,
            nulls=(self.null,),
            items=self.items,
        )
        if len(self.curves) < 2:
            raise refusal(
                "no-curves", self.name, f"{len(self.curves)} channels", "a depth and a curve", "export it again"
            )
        table = as_table_of_columns([column.astype(np.float64) for column in self.columns()], "row")
        try:
            index = build_index(header, table, aliases)
        except UnreadableFileError as error:
            raise UnreadableFileError(tuple(_within(self.name, finding) for finding in error.findings)) from error
        return LasLog(header, table, index, left_out_findings(self.name, self.arrays, self.texts, aliases))


def unique_curves(curves: Sequence[LasCurve]) -> tuple[LasCurve, ...]:
    """Return curves under unique names: of repeated mnemonics each gets its number, "GR:1", "GR:2"."""
    mnemonics = [curve.mnemonic for curve in curves]
    seen: dict[str, int] = {}
    result = []
    for curve in curves:
        seen[curve.mnemonic] = seen.get(curve.mnemonic, 0) + 1
        repeated = mnemonics.count(curve.mnemonic) > 1
        name = f"{curve.mnemonic}:{seen[curve.mnemonic]}" if repeated else curve.mnemonic
        result.append(replace(curve, name=name))
    return tuple(result)


def _within(name: str, finding: Finding) -> Finding:
    where = name if finding.where in ("file", "depth index") else f"{name}, {finding.where}"
    return Finding(finding.severity, finding.code, where, finding.found, finding.expected, finding.remedy)
