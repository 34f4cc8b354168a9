"""Recordings of tables without a header of their own: CSV and Parquet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aemodels.core.findings import Finding
from aemodels.core.types import Recording, Source
from aemodels.curves.tables import Aliases
from aemodels.io.las.curves import to_channels
from aemodels.io.las.data_table import LasTable
from aemodels.io.las.depth_index import build_index
from aemodels.io.las.header import LasCurve, LasHeader


@dataclass(frozen=True, eq=False)
class LogTable:
    """A table of logs.

    Args:
        curves: one per column of the table, the depth first.
        table: the rows; its columns are taken out when they become a recording.
        numbers: positions of the columns that are curves.
        findings: of header and table.
        headers: header fields of the recording, besides the unit of the depth.
    """

    curves: Sequence[LasCurve]
    table: LasTable
    numbers: Sequence[int]
    findings: tuple[Finding, ...]
    headers: Mapping[str, Any]

    def recording(self, source: Source, name: str, aliases: Aliases) -> Recording:
        """Return the table as a recording of kind "logs", in m and canonical units.

        Args:
            source: the file.
            name: of the well.
            aliases: mnemonics and units.

        Raises:
            UnreadableFileError: if depth is missing, not monotonic, or shorter than two rows.
        """
        header = LasHeader(tuple(self.curves), {}, {}, wrapped=False, delimiter=None)
        index = build_index(header, self.table, aliases)
        columns = [self.table.columns[number][index.rows] for number in self.numbers]
        self.table.columns.clear()  # the file may be large: nothing is kept twice
        values, channels, noticed = to_channels([self.curves[number] for number in self.numbers], columns, aliases)
        return Recording(
            values=values,
            axis=index.axis,
            channels=channels,
            kind="logs",
            source=source,
            name=name,
            headers={**self.headers, "depth_unit": self.curves[0].unit, "depth_factor": index.factor},
            findings=(*self.findings, *index.findings, *noticed),
        )
