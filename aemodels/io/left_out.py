"""Findings about channels of a file that are no curves."""

from __future__ import annotations

from collections.abc import Sequence

from aemodels.core.findings import Finding, Severity
from aemodels.curves.tables import Aliases, find_name

SHOWN = 8


def left_out_findings(
    where: str, arrays: Sequence[str], others: Sequence[str], aliases: Aliases
) -> tuple[Finding, ...]:
    """Return findings about channels that are left out; a warning if one has the name of a canonical curve.

    Args:
        where: their place in the file.
        arrays: names of channels of several numbers per depth.
        others: names of channels of text or other values.
        aliases: mnemonics and units.
    """
    findings: list[Finding] = []
    for code, names, what in (
        ("array-channel", arrays, "several numbers per depth"),
        ("text-channel", others, "text or other values"),
    ):
        if names:
            known = any(find_name(name, aliases) is not None for name in names)
            severity: Severity = "warning" if known else "info"
            shown = ", ".join(name[:40] for name in names[:SHOWN]) + (" ..." if len(names) > SHOWN else "")
            found = f"{len(names)} channels of {what}: {shown}"
            findings.append(Finding(severity, code, where, found, "one number per depth", "they are left out"))
    return tuple(findings)
