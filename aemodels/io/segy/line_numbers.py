"""Whether a file was cut between two traces: its lines or gathers are equally long but for a short last one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from aemodels.core.findings import Finding
from aemodels.core.types import IntArray
from aemodels.io.segy.header_positions import ENSEMBLE, HeaderPositions
from aemodels.io.segy.trace_headers import HeaderTable

FIELD_RECORD = 9
MIN_RUNS = 4  # fewer equally long lines may be chance


@dataclass
class _Runs:
    """Runs of one header word, met block by block: only the last one and what all the others have in common is kept."""

    word: int | None = None
    start: int = 0
    length: int = 0
    finished: int = 0
    usual: int = 0
    even: bool = True

    def add(self, words: IntArray, first: int) -> None:
        """Take the next traces into account."""
        places = np.flatnonzero(np.concatenate([[True], words[1:] != words[:-1]]))
        lengths = np.diff(np.append(places, words.size))
        if words[0] == self.word:
            lengths[0] += self.length
        elif self.length:
            lengths = np.insert(lengths, 0, self.length)
        finished = lengths[:-1]
        if finished.size:
            self.usual = self.usual or int(finished[0])
            self.even = self.even and bool((finished == self.usual).all())
            self.start = first + int(places[-1])
        self.finished += finished.size
        self.word, self.length = int(words[-1]), int(lengths[-1])

    @property
    def short(self) -> bool:
        """Whether all runs are equally long but for a shorter last one."""
        return self.even and self.finished + 1 >= MIN_RUNS and self.length < self.usual


@dataclass
class LineTally:
    """The lengths of lines, field records and ensembles, from trace headers that come block by block.

    Args:
        positions: where the lines stand.
    """

    positions: HeaderPositions
    _runs: dict[str, _Runs] = field(default_factory=dict)

    def add(self, headers: HeaderTable, first: int) -> None:
        """Take the next traces into account; `first` is the number of the first of them."""
        for place, name in ((self.positions.inline, "inline"), (FIELD_RECORD, "field record"), (ENSEMBLE, "ensemble")):
            self._runs.setdefault(name, _Runs()).add(headers.word(place), first)

    def findings(self) -> Iterator[Finding]:
        """A hint that the file was cut between two traces, once all traces are taken into account; at most one."""
        for name, runs in self._runs.items():
            if runs.short:
                found = f"{runs.length} traces in the last {name} ({runs.word})"
                remedy = "compare the file's size with its origin's: it may have been cut between two traces"
                expected = f"{runs.usual}, as in the {runs.finished} before"
                yield Finding("warning", "last-line-short", f"trace {runs.start}", found, expected, remedy)
                return
