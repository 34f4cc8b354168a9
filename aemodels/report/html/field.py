"""Page of a field's scorecard: one file for thousands of wells and lines, which works offline and can be printed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from aemodels.curves.canonical import CANONICAL
from aemodels.field.drift import MIN_WELLS
from aemodels.field.scorecard import Scorecard
from aemodels.field.summary import BIN_M, CurveSummary, FileSummary
from aemodels.field.tables import duplicate_rows
from aemodels.report.html.page import assets, digest, template

SCRIPTS = ("field/data.js", "field/ranking.js", "field/matrix.js", "field/charts.js")
STYLES = ("page.css", "field/field.css")
MAX_STATIC = 100  # rows of the table that is shown without scripts
MAX_DUPLICATES, MAX_GROUPS, MAX_QUARANTINED, MAX_DRIFTED = (
    500,
    60,
    300,
    200,
)  # rows; the tables beside the page hold all
DRIFT_SHOWN = 4.0  # robust standard deviations
MAX_FINDINGS, MAX_UNFAMILIAR = 12, 30  # per file
MAX_OTHERS = 150  # columns of the matrix for curves that are not scored; the tables beside the page hold all
Row = dict[str, Any]


def render_field(card: Scorecard, *, title: str, page: Path, outbox: Path) -> str:
    """Render the page.

    Args:
        card: the scorecard.
        title: heading.
        page: path of the page, from which the links to the reports lead.
        outbox: folder that the reports lie in.

    Returns:
        HTML5 with inlined style, script and data, and a policy that forbids every request; all text from the files is
        data that the script shows as text.
    """
    script, style = assets(SCRIPTS), assets(STYLES)
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; "
        f"script-src '{digest(script)}'; style-src '{digest(style)}'"
    )
    view = field_view(card, report_link(page, outbox))
    block = json.dumps(view, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return template("field/page.html.jinja").render(
        title=title,
        summary=summary_sentence(card),
        static=card.files[:MAX_STATIC],
        attention=[sum(parts.values()) for parts in card.attention[:MAX_STATIC]],
        policy=policy,
        script=Markup(script),  # noqa: S704 - our own files
        style=Markup(style),  # noqa: S704 - our own files
        data=Markup(block),  # noqa: S704 - JSON without "<"
    )


def summary_sentence(card: Scorecard) -> str:
    """Return what the field amounts to, in one or two sentences."""
    wells = [file for file in card.files if file.kind == "logs"]
    lines = [file for file in card.files if file.kind == "seismic"]
    parts = []
    if wells:
        scored, flagged = sum(file.scored for file in wells), sum(file.flagged for file in wells)
        of_all = f" ({flagged / scored:.1%})" if scored else ""
        parts.append(f"{_count(len(wells), 'well')}: {flagged:,.0f} m of {scored:,.0f} m flagged{of_all}")
    if lines:
        flagged = sum(file.flagged for file in lines)
        parts.append(
            f"{_count(len(lines), 'line')}: {flagged:,.0f} of {sum(f.scored for f in lines):,.0f} traces flagged"
        )
    if card.quarantined:
        parts.append(f"{_count(len(card.quarantined), 'file')} in quarantine")
    tenth = max(1, round(len(card.files) / 10)) if card.files else 0
    total = sum(sum(one.values()) for one in card.attention)
    if total > 0 and len(card.files) >= 10:
        share = sum(sum(one.values()) for one in card.attention[:tenth]) / total
        parts.append(f"the first {tenth} of the ranking hold {share:.0%} of what needs eyes")
    return "; ".join(parts)[:1].upper() + "; ".join(parts)[1:] + "." if parts else "Nothing has been scored yet."


def report_link(page: Path, outbox: Path) -> Callable[[str], str]:
    """Return a function from a path in the outbox to a link relative to the page, "" for ""."""
    folder = Path(os.path.relpath(outbox.resolve(), page.resolve().parent)).as_posix()

    def link(path: str) -> str:
        return quote(f"{folder}/{path}" if folder.startswith(".") else f"./{folder}/{path}") if path else ""

    return link


def field_view(card: Scorecard, link: Callable[[str], str]) -> Row:
    """Return the data of the page, JSON-ready: columns instead of rows, which are a third of the size."""
    names, others = card.curves, card.other_curves[:MAX_OTHERS]
    return {
        "files": _columns([_file(file, link) for file in card.files]),
        "reviews": [dict(card.reviews.get(file.sha256, {})) for file in card.files],
        "because": [dict(parts) for parts in card.attention],
        "scored": len(names),
        "curves": [*names, *(name[:40] for name in others)],
        "moreCurves": len(card.other_curves) - len(others),
        "cells": [_cells(file, names, drift) for file, drift in zip(card.files, card.drift, strict=True)],
        "others": _others(card, {name: len(names) + number for number, name in enumerate(others)}),
        "groups": {name: list(rows[:MAX_GROUPS]) for name, rows in card.groups.items() if rows},
        "duplicates": duplicate_rows(card)[:MAX_DUPLICATES],
        "more": max(0, len(card.duplicates) - MAX_DUPLICATES),
        "drifted": _drifted(card),
        "enough": MIN_WELLS,
        "coverage": {name: list(counts) for name, counts in card.coverage.items()},
        "bin": BIN_M,
        "quarantined": [_quarantined(row) for row in card.quarantined[:MAX_QUARANTINED]],
    }


def _file(file: FileSummary, link: Callable[[str], str]) -> Row:
    findings = [" ".join(f"{one[0]} [{one[1]}] {one[2]}: {one[3]}".split())[:160] for one in file.findings or ()]
    return {
        "name": file.name[:80],
        "file": Path(file.source).name[:120],
        "kind": file.kind,
        "report": link(file.report),
        "bundle": file.bundle,
        "contractor": file.contractor[:60],
        "year": file.year,
        **{name: _short(getattr(file, name)) for name in ("top", "base", "scored", "flagged", "suspect")},
        "notJudged": _short(file.not_judged),
        "badHole": _short(file.bad_hole),
        "reasons": {reason[:60]: _short(length) for reason, length in list(file.reasons.items())[:8]},
        "errors": file.count("error"),
        "warnings": file.count("warning"),
        "recorded": file.findings is not None,
        "findings": sorted(findings, key=_severity)[:MAX_FINDINGS],
        "unfamiliar": [name[:40] for name in file.unfamiliar[:MAX_UNFAMILIAR]],
        "strange": file.has("unfamiliar"),
        "position": list(file.position) if file.position else None,
    }


def _severity(text: str) -> int:
    return ["error", "warning", "info"].index(text.partition(" ")[0]) if text.startswith(("error", "warning")) else 2


def _columns(rows: Sequence[Row]) -> Row:
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}


def _cells(
    file: FileSummary, names: Sequence[str], drift: Mapping[str, float]
) -> list[list[float | str | None] | None]:
    """Return per curve of the field what the matrix shows, in the order of `CELL` in assets/field/data.js."""
    found = {curve.name: curve for curve in file.curves if curve.observed > 0}
    return [_cell(found[name], drift.get(name)) if name in found else None for name in names]


def _cell(curve: CurveSummary, drift: float | None) -> list[float | str | None]:
    lengths = (curve.observed, curve.gap, curve.flagged, curve.stuck, curve.interpolated, curve.outside)
    quality = 0.0 if curve.quality is None else round(curve.quality, 4)
    return [quality, *map(_short, lengths), curve.gaps, round(curve.noise, 4), drift, curve.mnemonic[:40]]


def _others(card: Scorecard, columns: Mapping[str, int]) -> list[dict[int, list[float | str | None]]]:
    """Return per file column → what the matrix shows of a curve that is not scored; see assets/field/data.js."""
    return [
        {
            columns[curve.name]: [
                0.0 if curve.quality is None else round(curve.quality, 4),
                *map(_short, (curve.observed, curve.gap, curve.stuck, curve.interpolated, curve.outside)),
                curve.gaps,
                "" if curve.mnemonic == curve.name else curve.mnemonic[:40],
            ]
            for curve in file.others
            if curve.observed > 0 and curve.name in columns
        }
        for file in card.files
    ]


def _drifted(card: Scorecard) -> list[Row]:
    """Return the curves whose level is unlike the field's, farthest first."""
    medians = [{curve.name: curve.median for curve in file.curves if curve.median is not None} for file in card.files]
    found = [
        {
            "file": number,
            "curve": name,
            "median": _in_unit(name, medians[number][name]),
            "usual": _in_unit(name, card.medians[name]),
            "unit": CANONICAL[name].unit if name in CANONICAL else "",
            "distance": distance,
        }
        for number, drift in enumerate(card.drift)
        for name, distance in drift.items()
        if abs(distance) >= DRIFT_SHOWN
    ]
    return sorted(found, key=lambda row: -abs(float(str(row["distance"]))))[:MAX_DRIFTED]


def _in_unit(curve: str, level: float) -> str:
    """Return a level with three digits, that of a resistivity no longer as a logarithm."""
    value = 10.0**level if curve in CANONICAL and CANONICAL[curve].log else level
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _quarantined(row: Row) -> Row:
    return {"source": Path(row["source"]).name[:120], "findings": [text[:240] for text in row["findings"][:4]]}


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _count(number: int, thing: str) -> str:
    return f"1 {thing}" if number == 1 else f"{number:,} {thing}s"
