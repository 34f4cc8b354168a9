"""Section of a model card: what reviewers say of the flags of a version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aemodels.report.model_card.card import table
from aemodels.review.agreement import ALL

HEADING = "## Reviews of its flags"
Rows = Sequence[Mapping[str, Any]]


def reviews_section(flags: Rows, agreement: Rows, files: int, *, of_lines: bool = False) -> str:
    """Return the section in Markdown.

    Args:
        flags: of one bundle, from `review.agreement.flag_rows`.
        agreement: of its reviewers, from `review.agreement.agreement_rows`.
        files: number of reviewed wells or lines.
        of_lines: True if the bundle is for lines.
    """
    total = next(row for row in flags if row["curve"] == ALL and row["reason"] == ALL)
    missed = f"{total['missed_traces']} traces" if of_lines else f"{total['missed_m']:.1f} m"
    shown = [row for row in flags if row["curve"] != ALL or row["reason"] != ALL]
    rows = [[row["curve"], row["reason"], row["flags"], _share(row), row["missed"]] for row in [total, *shown]]
    parts = [
        HEADING,
        f"{total['flags']} flags in {files} {'lines' if of_lines else 'wells'} were reviewed: {_share(total)} are "
        f"right. {total['missed']} intervals ({missed}) were missed. In brackets the 95 % interval (Wilson 1927).",
        table(["curve", "reason", "flags", "right", "missed"], rows),
    ]
    parts += [
        f"- {row['first']} and {row['second']} agree on {row['agree']:.0%} of {row['flags']} flags{_kappa(row)}"
        for row in agreement
    ]
    return "\n\n".join(parts) + "\n"


def _share(row: Mapping[str, Any]) -> str:
    return "-" if row["precision"] is None else f"{row['precision']:.0%} ({row['low']:.0%} - {row['high']:.0%})"


def _kappa(row: Mapping[str, Any]) -> str:
    return "" if row["kappa"] is None else f", kappa {row['kappa']:.2f}"
