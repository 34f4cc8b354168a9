"""Command that calibrates a bundle: on good wells or lines, or from reviews of its flags."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from flows.cli.check import Positions
from flows.cli.learn import environment, not_sent, refuse_filled
from flows.console import FAILED, Answer, answering

if TYPE_CHECKING:
    from tasks.settings import Settings
    from tasks.training.calibrate import Calibrated
    from tasks.training.recalibrate import Recalibrated


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(calibrate)


def calibrate(  # noqa: PLR0913, PLR0917 - one option each
    kind: Annotated[Literal["logs", "seismic"], typer.Argument(help="Kind of the files and of the bundle.")],
    data: Annotated[
        list[str],
        typer.Option("--data", metavar="PATH", help="A file, a folder or a URL (s3://bucket/prefix); repeatable."),
    ],
    bundle: Annotated[
        str | None,
        typer.Option("--bundle", help="Bundle to calibrate; default: the champion, else the shipped one."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write the bundle to this folder, new or empty, instead of registering it."),
    ] = None,
    reviews: Annotated[
        bool,
        typer.Option(
            "--reviews", help="Learn from the kept reviews of some wells or lines; the others judge the result."
        ),
    ] = False,
    header_positions: Positions = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Fit the thresholds of a bundle to your own wells or lines, or to reviews, and register it; its networks stay."""
    with answering("calibrate", as_json=as_json) as answer:
        refuse_filled(out)
        settings = environment(header_positions)
        from flows.environment import run_flow

        options = {"data": tuple(data), "bundle": bundle, "folder": None if out is None else str(out)}
        if reviews:
            from flows.recalibrate import RecalibrateRequest, recalibrate

            found = run_flow(
                recalibrate, settings, request=RecalibrateRequest.model_validate({"kind": kind, **options})
            )
            answer.data = found.model_dump(mode="json") | {"changed": found.changed}
            _show_reviews(answer, found)
            if not found.changed:
                answer.say("nothing is changed, and nothing registered")
                return
            _say_next(answer, found, settings)
            return
        from flows.calibrate import CalibrateRequest
        from flows.calibrate import calibrate as flow

        result = run_flow(flow, settings, request=CalibrateRequest.model_validate({"kind": kind, **options}))
        answer.data = result.model_dump(mode="json")
        _show(answer, result)
        _say_next(answer, result, settings)


def _show(answer: Answer, result: Calibrated) -> None:
    shares = ("before", "after", "suspect_after")
    rows = [{"name": well["name"]} | {key: f"{well[key]:.2%}" for key in shares} for well in result.wells]
    answer.show(f"{result.source}: clean rows flagged, each well by a threshold fitted without it", rows)
    for finding in result.findings:
        answer.say(str(finding))
    answer.say(
        f"threshold {result.threshold[0]:.3f} -> {result.threshold[1]:.3f}; {result.pooled:.2%} flagged, "
        f"worst well {result.worst:.2%}, asked for {result.nominal:.2%}"
    )


def _show_reviews(answer: Answer, result: Recalibrated) -> None:
    counts = ("faults", "found_before", "found_after", "sound", "wrong_before", "wrong_after")
    rows = [{"name": well["name"]} | {key: well[key] for key in counts} for well in result.reviewed]
    answer.show(f"{result.source}: reviewed files, each by a change that was fitted without it", rows)
    shares = ("alarms_before", "alarms_after")
    judged = [{"name": well["name"]} | {key: f"{well[key]:.2%}" for key in shares} for well in result.judged]
    answer.show("Clean rows flagged where nobody reviewed", judged)
    for finding in result.findings:
        answer.say(str(finding))
    for curve, divisor in result.divisors.items():
        answer.say(f"scores of {curve} divided by {divisor:.3g}")
    if result.member:
        answer.say(f"evidence of {result.member} divided by {result.member_divisor:.3g}")
    answer.say(
        f"injected faults found at {result.nominal:.2%} false alarms: {result.recall_before:.1%} -> "
        f"{result.recall_after:.1%}"
    )


def _say_next(answer: Answer, result: Calibrated | Recalibrated, settings: Settings) -> None:
    from tasks.tracking import PENDING

    if result.version == PENDING:
        answer.code = FAILED
        answer.say(not_sent(settings))
    elif result.folder:
        answer.say(f"next: sondeflow score PATH --bundle {result.folder}")
    else:
        answer.say(f"{result.model} v{result.version} registered; next: sondeflow promote {result.model}")
