"""Commands that keep an installation running: doctor, maintain, backup, restore."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.console import FAILED, BadUsageError, answering

if TYPE_CHECKING:
    from tasks.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
PLACES = {"home", "inbox", "outbox", "tracking_uri", "ledger_url"}  # settings that a restored installation chooses


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(doctor)
    app.command()(maintain)
    app.command()(backup)
    app.command()(restore)


def doctor(
    as_json: Json = False,
) -> None:
    """Examine the installation and the machine, and score a probe file; exit code 1 if a check fails."""
    with answering("doctor", as_json=as_json) as answer:
        os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
        from flows.server.ports import check_ports
        from tasks.doctor.examine import examine
        from tasks.settings import Settings

        settings = Settings()
        checks = [*examine(settings), *check_ports(settings)]
        counts = {verdict: sum(check.verdict == verdict for check in checks) for verdict in ("pass", "warn", "fail")}
        answer.data = {"checks": [check.model_dump() for check in checks], **counts}
        answer.code = FAILED if counts["fail"] else 0
        answer.show("Examination", [check.model_dump() for check in checks])
        answer.say(f"{counts['pass']} passed, {counts['warn']} need attention, {counts['fail']} failed")


def maintain(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Report what would be removed, and remove nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Remove what is old and can be made again; report the sizes before and after."""
    with answering("maintain", as_json=as_json) as answer:
        from flows.environment import prepare_environment
        from tasks.settings import Settings

        settings = Settings()
        prepare_environment(settings)
        from flows.maintain import removed_rows, size_rows
        from flows.step_lines import step_lines
        from tasks.maintenance.maintain import MaintainRequest, maintain_home

        with step_lines():
            report = maintain_home(MaintainRequest(dry_run=dry_run), settings)
        answer.data = report.model_dump(mode="json")
        answer.code = FAILED if report.status == "incomplete" else 0
        answer.show("Would be removed" if dry_run else "Removed", removed_rows(report))
        answer.show("Sizes", size_rows(report))
        if report.clock:
            answer.say(f"nothing was removed by age: {report.clock}; correct the clock, and run it again")


def backup(
    folder: Annotated[Path, typer.Argument(help="New folder of the backup.")],
    without_results: Annotated[
        bool, typer.Option("--without-results", help="Leave out the outbox, e.g. because it is backed up otherwise.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Copy ledger, registry, runs, bundles, results and settings to a folder, while scoring goes on."""
    with answering("backup", as_json=as_json) as answer:
        from flows.environment import prepare_environment
        from flows.step_lines import step_lines
        from tasks.backup.backup import back_up
        from tasks.settings import Settings

        settings = Settings()
        if settings.home.is_dir():
            prepare_environment(settings)
        with step_lines():
            made = back_up(settings, folder, results=not without_results)
        answer.data = {
            "folder": str(folder.resolve()),
            "created": made.created,
            "files": len(made.files),
            "bytes": made.size,
            "scorings": made.scorings,
            "tracking": made.tracking,
            "left_out": list(made.left_out),
        }
        answer.say(f"{folder.resolve()}: {len(made.files)} files, {made.size / 1e6:.1f} MB, {made.scorings} scorings")
        for line in made.left_out:
            answer.say(f"not in the backup: {line}")


def restore(
    folder: Annotated[Path, typer.Argument(help="Folder that `sondeflow backup` has written.")],
    artifacts: Annotated[
        bool, typer.Option("--artifacts", help="Only send artifacts that MLflow's server lacks; its database first.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Restore a backup in an empty home folder (SONDEFLOW_HOME), at any path."""
    if artifacts:
        return _send_artifacts(folder, as_json=as_json)
    with answering("restore", as_json=as_json) as answer:
        from flows.server.home_lock import running_server
        from flows.step_lines import step_lines
        from tasks.backup.restore import restore as run
        from tasks.settings import Settings

        settings = Settings()
        ledger_in_home = settings.ledger_url.reveal().startswith("sqlite")  # a database server has to run
        if ledger_in_home and running_server(settings) is not None:
            raise BadUsageError(f"`sondeflow serve` runs in {settings.home}; stop it, or choose another SONDEFLOW_HOME")
        with step_lines():
            made = run(settings, folder)
        different = _different(settings, made.settings)
        answer.data = {
            "home": str(settings.home),
            **made.model_dump(mode="json", exclude={"settings"}),
            "different_settings": different,
        }
        answer.say(f"{settings.home}: {made.files} files, {made.size / 1e6:.1f} MB, {made.scorings} scorings")
        if made.sent_artifacts:
            answer.say(f"{made.sent_artifacts} artifacts were sent to {settings.tracking_uri}")
        if made.repeated:
            answer.say(f"{made.repeated} scorings were in progress; the next run repeats them")
        for line in made.left_out:
            answer.say(f"not in the backup: {line}")
        for name, value in different.items():
            answer.say(f"was set differently: SONDEFLOW_{name.upper()}={value}")
        answer.say("check it with: sondeflow ledger --verify")


def _send_artifacts(folder: Path, *, as_json: bool) -> None:
    with answering("restore", as_json=as_json) as answer:
        from flows.step_lines import step_lines
        from tasks.backup.artifacts import restore_artifacts
        from tasks.settings import Settings

        settings = Settings()
        with step_lines():
            sent = restore_artifacts(settings, folder)
        answer.data = {"sent_artifacts": sent.files, "left_out": list(sent.left_out)}
        answer.code = FAILED if sent.left_out else 0
        answer.say(f"{sent.files} artifacts were sent to {settings.tracking_uri}; others were there")
        for line in sent.left_out:
            answer.say(f"not sent: {line}")


def _different(settings: Settings, before: dict[str, str]) -> dict[str, str]:
    """Return the settings that were different, except for places."""
    now = {name: json.dumps(value) for name, value in settings.model_dump(mode="json").items()}
    return {name: value for name, value in before.items() if name not in PLACES and now.get(name) != value}
