"""Detection of files truncated between traces: all lines or gathers have the same length except a shorter last one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from aemodels.core.findings import Finding
from aemodels.core.types import IntArray
from aemodels.io.segy.header_positions import ENSEMBLE, HeaderPositions
from aemodels.io.segy.trace_headers import HeaderTable

FIELD_RECORD = 9
RUNS = ("inline", "field record", "ensemble")
MIN_RUNS = 4  # with fewer runs, equal lengths may be a coincidence


@dataclass
class _Runs:
    """Runs of one header word, block by block; keeps only the last run and the common length of the others."""

    word: int | None = None
    start: int = 0
    length: int = 0
    finished: int = 0
    usual: int = 0
    equal: bool = True

    def add(self, words: IntArray, first: int) -> None:
        """Add the next traces."""
        starts = np.flatnonzero(np.concatenate([[True], words[1:] != words[:-1]]))
        lengths = np.diff(np.append(starts, words.size))
        if words[0] == self.word:
            lengths[0] += self.length
        elif self.length:
            lengths = np.insert(lengths, 0, self.length)
        finished = lengths[:-1]
        if finished.size:
            self.usual = self.usual or int(finished[0])
            self.equal = self.equal and bool((finished == self.usual).all())
            self.start = first + int(starts[-1])
        self.finished += finished.size
        self.word, self.length = int(words[-1]), int(lengths[-1])

    @property
    def short(self) -> bool:
        """True if all runs have the same length except a shorter last one."""
        return self.equal and self.finished + 1 >= MIN_RUNS and self.length < self.usual


def run_words(headers: HeaderTable, positions: HeaderPositions) -> IntArray:
    """Return the header words whose runs are examined, int64[word, trace] in the order of `RUNS`."""
    return np.stack([headers.word(position) for position in (positions.inline, FIELD_RECORD, ENSEMBLE)])


@dataclass
class LineLengths:
    """Lengths of lines, field records and ensembles, from trace headers added block by block.

    Args:
        positions: byte positions of the line numbers.
    """

    positions: HeaderPositions
    _runs: dict[str, _Runs] = field(default_factory=dict)

    def add(self, headers: HeaderTable, first: int) -> None:
        """Add the headers of the next traces; `first` is the number of the first one."""
        self.add_words(run_words(headers, self.positions), first)

    def add_words(self, words: IntArray, first: int) -> None:
        """Add the words of the next traces, from `run_words`; `first` is the number of the first one."""
        for name, row in zip(RUNS, words, strict=True):
            self._runs.setdefault(name, _Runs()).add(row, first)

    def findings(self) -> Iterator[Finding]:
        """Yield at most one finding that the file may be truncated, after all traces have been added."""
        for name, runs in self._runs.items():
            if runs.short:
                found = f"{runs.length} traces in the last {name} ({runs.word})"
                remedy = "compare the file size with the original: the file may be truncated between two traces"
                expected = f"{runs.usual}, as in the {runs.finished} preceding ones"
                yield Finding("warning", "last-line-short", f"trace {runs.start}", found, expected, remedy)
                return
