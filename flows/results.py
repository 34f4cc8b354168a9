"""Results of flows, and their Markdown pages."""

from __future__ import annotations

import math
from typing import Any

from pydantic import BaseModel, ConfigDict

from aemodels.core.findings import Finding
from tasks.training.compare import StudyRef


class TrainResult(BaseModel):
    """Result of training one experiment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run_id: str
    address: str
    experiment: str
    model: str
    version: str
    created: bool
    default: str
    winner: str
    metrics: dict[str, float]
    denoising: tuple[dict[str, Any], ...]
    fits: dict[str, float]
    roles: dict[str, list[str]]
    findings: tuple[Finding, ...]


class CompareResult(BaseModel):
    """Result of a comparison: its run, and its tables by name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run_id: str
    address: str
    experiment: str
    what: str
    metrics: dict[str, float]
    tables: dict[str, tuple[dict[str, Any], ...]]
    findings: tuple[Finding, ...]


def denoising_rows(study: StudyRef) -> tuple[dict[str, Any], ...]:
    """Return the summary table of a study of denoisers as rows."""
    return table_rows(study, "denoising_summary")


def table_rows(study: StudyRef, name: str) -> tuple[dict[str, Any], ...]:
    """Return a table of a study as rows, with numbers to four decimals or four digits; NaN becomes None."""
    table = study.table(name)
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return tuple({str(key): rounded(value) for key, value in row.items()} for row in rows)


def rounded(value: Any) -> Any:
    """Round a float to four decimals, or to four significant digits if it is small; return other values unchanged.

    >>> rounded(12.345678), rounded(0.000123456)
    (12.3457, 0.0001235)
    """
    if not isinstance(value, float) or value == 0 or not math.isfinite(value):
        return value
    return round(value, max(4, 3 - math.floor(math.log10(abs(value)))))


def markdown_table(rows: list[dict[str, Any]]) -> str:
    """Return rows as a Markdown table, "" without rows."""
    if not rows:
        return ""
    head = list(rows[0])
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(_cell(row.get(key)) for key in head) + " |" for row in rows]
    return "\n".join(lines)


def train_markdown(result: TrainResult) -> str:
    """Return the Markdown page of a training."""
    return "\n\n".join(
        [
            f"# {result.model} v{result.version}",
            f"MLflow run: {result.address}",
            f"Default denoiser **{result.default}**, detector **{result.winner}**.",
            markdown_table(list(result.denoising)),
            f"{len(result.findings)} findings: " + "; ".join(str(finding) for finding in result.findings[:20]),
        ]
    )


def _cell(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value).replace("|", "\\|").replace("\n", " ")
