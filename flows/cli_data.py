"""Commands on files: sample, check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.console import FAILED, answering

if TYPE_CHECKING:
    from aemodels.types import Finding

VERDICTS = ("good", "doubtful", "unusable")
SEVERITIES = ("error", "warning", "info")
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(sample)
    app.command()(check)


def sample(
    directory: Annotated[Path, typer.Argument(help="Folder to write to.")],
    seed: Annotated[int, typer.Option(min=0, help="Root of all randomness.")] = 20,
    wells: Annotated[int | None, typer.Option(min=1, max=60, help="Wells for training.")] = None,
    as_json: Json = False,
) -> None:
    """Write a synthetic field: LAS wells, a SEG-Y line, new arrivals with faults, and the truth."""
    with answering("sample", as_json=as_json) as answer:
        from aemodels.synthetic import FieldSpec, sample_field

        spec = FieldSpec() if wells is None else FieldSpec(wells=wells)
        made = sample_field(directory, spec, seed=seed)
        answer.data = {
            "directory": str(directory),
            "seed": seed,
            "wells": [str(path) for path in made.wells],
            "line": str(made.line),
            "arrivals": [str(path) for path in made.arrivals],
            "truth": str(made.truth),
        }
        answer.say(f"{len(made.wells)} wells, 1 seismic line and {len(made.arrivals)} arrivals in {directory}")
        answer.say(f"the truth: {made.truth}")


def check(
    paths: Annotated[list[Path], typer.Argument(help="Files or folders.")],
    as_json: Json = False,
) -> None:
    """Say what is wrong with each file; nothing is written."""
    with answering("check", as_json=as_json) as answer:
        from tasks.settings import Settings

        aliases = Settings().aliases
        rows = [row for path in paths for row in _check_below(path, aliases)]
        summary = _summary(rows)
        unusable = summary["unusable"]
        answer.data = {"files": rows, "unusable": unusable, "summary": summary}
        answer.code = FAILED if unusable or not rows else 0
        answer.show("Files", [_line(row) for row in rows])
        for row in rows:
            for finding in row["findings"]:
                where = f"{Path(row['path']).name}: {finding['severity']} [{finding['code']}] {finding['where']}"
                answer.say(f"{where}: {finding['found']}; expected {finding['expected']}; {finding['remedy']}")
        answer.show("Findings (each is explained in docs/findings.md)", summary["findings"])
        counts = ", ".join(f"{summary[verdict]} {verdict}" for verdict in VERDICTS)
        answer.say(f"{len(rows)} files: {counts}")


def _summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """How many files of each verdict, and in how many files each finding stands, the commonest first."""
    found: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        for finding in row["findings"]:
            found.setdefault((finding["severity"], finding["code"]), set()).add(row["path"])
    findings = [{"severity": key[0], "code": key[1], "files": len(paths)} for key, paths in found.items()]
    findings.sort(key=lambda entry: (SEVERITIES.index(entry["severity"]), -entry["files"], entry["code"]))
    verdicts = {verdict: sum(row["verdict"] == verdict for row in rows) for verdict in VERDICTS}
    return {"files": len(rows), **verdicts, "findings": findings}


def _check_below(root: Path, aliases: Path | None) -> list[dict[str, Any]]:
    from aemodels.io.readers import list_files

    files, problems = list_files(root)
    unlisted = [_row(path, "", "", [finding]) for path, finding in problems]
    return unlisted + [_check_file(path, aliases) for path in files]


def _check_file(path: Path, aliases: Path | None) -> dict[str, Any]:
    from aemodels.errors import UnreadableFileError
    from aemodels.io.readers import read
    from aemodels.signal.quality import assess

    try:
        recording = read(path, aliases=aliases)
    except UnreadableFileError as error:
        return _row(path, "", "", list(error.findings))
    findings = [*recording.findings, *assess(recording).findings]
    row = _row(path, recording.kind, recording.name, findings)
    return row | {"channels": len(recording.channels), "samples": int(recording.axis.size)}


def _row(path: Path, kind: str, name: str, findings: list[Finding]) -> dict[str, Any]:
    severities = {finding.severity for finding in findings}
    verdict = "unusable" if not kind or "error" in severities else "doubtful" if "warning" in severities else "good"
    found = [finding.to_dict() for finding in findings]
    return {"path": str(path), "verdict": verdict, "kind": kind, "name": name, "findings": found}


def _line(row: dict[str, Any]) -> dict[str, Any]:
    codes = ", ".join(dict.fromkeys(finding["code"] for finding in row["findings"]))
    shown = {key: row.get(key) for key in ("verdict", "kind", "name", "channels", "samples")}
    return {"file": row["path"], **shown, "findings": codes}
