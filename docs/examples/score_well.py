"""Score one well, list the flagged intervals and save the report: for petrophysicists.

    python docs/examples/score_well.py WELL.las REPORT.html [BUNDLE]

BUNDLE is a bundle folder, an address such as models:/sondeflow-logs@champion, or the name of a bundle that comes with
the package; without it, your champion scores, or logs-v1 if there is none.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import sondeflow


def main() -> None:
    """Parse the arguments, score the well, print the intervals and write the report."""
    parser = argparse.ArgumentParser(description="Score one well, list flagged intervals, save the report.")
    parser.add_argument("well", type=Path)
    parser.add_argument("report", type=Path)
    parser.add_argument("bundle", nargs="?")
    arguments = parser.parse_args()

    scored = sondeflow.score(arguments.well, arguments.bundle)
    print(f"{scored.recording.name}: {len(scored.intervals)} flagged intervals, by {scored.bundle}")
    for interval in scored.intervals.itertuples():
        curves = ", ".join(interval.curves)
        print(f"{interval.top:10.2f} - {interval.base:10.2f} m  {curves:20}  {interval.reason}")
    print(f"report: {scored.save_report(arguments.report)}")


if __name__ == "__main__":
    main()
