"""Summary of one scored file: what a field's scorecard keeps of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aemodels.field.sketch import Sketch

BIN_M = 25.0  # height of the depth bins of the coverage


@dataclass(frozen=True)
class CurveSummary:
    """One curve of a well.

    Args:
        name: canonical mnemonic.
        mnemonic: its name in the file.
        top, base: depths of the first and last reading, m; both 0 if there is none.
        observed: metres with readings.
        gaps: number of gaps between top and base.
        gap: metres of gaps.
        flagged: metres above the threshold on this curve.
        stuck: metres of nine or more identical readings.
        interpolated: metres of nine or more readings on an inclined straight line.
        outside: metres outside the limits of working tools.
        doubtful: metres stuck or outside, and not flagged.
        filled: metres interpolated, and neither flagged nor doubtful.
        noise: robust standard deviation of what denoising removed, as a share of the spread (P95 - P5) of the curve.
        median: of the readings, log10 for resistivities; None without readings.
        coverage: bit n is set if there is a reading in the n-th depth bin of `BIN_M`.
        sketch: for finding copies.
        tool: logging tool that measured it, "" if the file does not name it; see `aemodels.field.tools`.
    """

    name: str
    mnemonic: str = ""
    top: float = 0.0
    base: float = 0.0
    observed: float = 0.0
    gaps: int = 0
    gap: float = 0.0
    flagged: float = 0.0
    stuck: float = 0.0
    interpolated: float = 0.0
    outside: float = 0.0
    doubtful: float = 0.0
    filled: float = 0.0
    noise: float = 0.0
    median: float | None = None
    coverage: int = 0
    sketch: Sketch = field(default_factory=Sketch)
    tool: str = ""

    @property
    def extent(self) -> float:
        """Metres from the first to the last reading."""
        return self.observed + self.gap

    @property
    def bad(self) -> float:
        """Metres that are flagged, doubtful or filled; an interval that is two of them counts once."""
        return self.flagged + self.doubtful + self.filled

    @property
    def quality(self) -> float | None:
        """Share of the extent with readings that nothing is wrong with; None without readings."""
        return None if self.extent <= 0 else max(0.0, 1.0 - (self.bad + self.gap) / self.extent)


@dataclass(frozen=True)
class FileSummary:
    """One scored well or line; lengths are metres of depth of a well, or traces of a line.

    Args:
        kind: "logs" or "seismic".
        sha256: of the input.
        source: its path or URL.
        name: of the well; the file's stem for a line.
        bundle: label of the bundle that scored it.
        scores, report: paths in the outbox; report is "" if there is none.
        top, base: of the depths, m; first and last trace.
        scored: length with a score.
        flagged, suspect: length above the threshold, and above the softer one only.
        not_judged: length at which the bundle abstains.
        bad_hole: metres of bad hole; None if it is not known.
        reasons: flagged length by reason.
        findings: [severity, code, where, found] of the reader and the bundle; None if they were not recorded.
        unfamiliar: mnemonics of curves that were not recognised.
        contractor, year, well_key: from the header, see `aemodels.field.headers`.
        position: see `aemodels.field.location`.
        curves: scored ones of a well.
        others: other curves of the file, as `aemodels.field.other_curves` describes them: flagged length, noise and
            sketch are unknown.
    """

    kind: str
    sha256: str
    source: str
    name: str
    bundle: str
    scores: str
    report: str = ""
    top: float = 0.0
    base: float = 0.0
    scored: float = 0.0
    flagged: float = 0.0
    suspect: float = 0.0
    not_judged: float = 0.0
    bad_hole: float | None = None
    reasons: Mapping[str, float] = field(default_factory=dict)
    findings: Sequence[Sequence[str]] | None = None
    unfamiliar: Sequence[str] = ()
    contractor: str = ""
    year: int | None = None
    well_key: str = ""
    position: Sequence[Any] | None = None
    curves: tuple[CurveSummary, ...] = ()
    others: tuple[CurveSummary, ...] = ()

    def count(self, severity: str) -> int:
        """Return the number of findings of a severity."""
        return sum(one[0] == severity for one in self.findings or ())

    def has(self, code: str) -> bool:
        """Return whether there is a finding with this code."""
        return any(one[1] == code for one in self.findings or ())

    def to_json(self) -> dict[str, Any]:
        """Return JSON values, from which `from_json` makes an equal summary."""
        out = dict(vars(self))
        out["curves"] = [{**vars(curve), "sketch": list(vars(curve.sketch).values())} for curve in self.curves]
        out["others"] = [{key: value for key, value in vars(one).items() if key != "sketch"} for one in self.others]
        return out

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> FileSummary:
        """Return the summary of JSON values.

        Raises:
            TypeError, KeyError: if they are not those of a summary.
        """
        curves = tuple(
            CurveSummary(
                **{**one, "sketch": Sketch(tuple(one["sketch"][0]), tuple(one["sketch"][1]), one["sketch"][2])}
            )
            for one in values["curves"]
        )
        others = tuple(CurveSummary(**one) for one in values["others"])
        return cls(**{**values, "curves": curves, "others": others})
