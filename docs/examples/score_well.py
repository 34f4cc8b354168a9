"""Score one well, list the flagged intervals and save the report: for petrophysicists.

    python docs/examples/score_well.py WELL.las BUNDLE REPORT.html

BUNDLE is a bundle folder or an address such as models:/sondeflow-logs@champion.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import sondeflow
from aemodels.report.flagged_intervals import flagged_intervals
from aemodels.report.html.report import render_report
from aemodels.signal.quality_rules import assess


def main() -> None:
    """Parse the arguments, score the well, print the intervals and write the report."""
    parser = argparse.ArgumentParser(description="Score one well, list flagged intervals, save the report.")
    parser.add_argument("well", type=Path)
    parser.add_argument("bundle")
    parser.add_argument("report", type=Path)
    arguments = parser.parse_args()

    recording = sondeflow.read(arguments.well)
    scores = sondeflow.score(recording, sondeflow.load_bundle(arguments.bundle))

    intervals = flagged_intervals(recording.axis, scores)
    print(f"{recording.name}: {len(intervals)} flagged intervals")
    for interval in intervals:
        curves = ", ".join(interval.curves)
        print(f"{interval.top:10.2f} - {interval.base:10.2f} m  {curves:20}  {interval.reason}")

    findings = (*recording.findings, *assess(recording).findings)
    page = render_report(recording, scores, bundle_label=arguments.bundle, findings=findings)
    arguments.report.write_text(page, encoding="utf-8")
    print(f"report: {arguments.report}")


if __name__ == "__main__":
    main()
