"""Score a folder of well logs and summarise the parquet files: for data engineers.

    python docs/examples/score_folder.py INBOX OUTBOX --bundle BUNDLE

BUNDLE is a bundle folder or an address such as models:/sondeflow-logs@champion; without it the champions are used.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.dataset as ds


def score_folder(inbox: Path, outbox: Path, bundle: str | None) -> dict[str, Any]:
    """Run `sondeflow score` and return its JSON object; files that are known already are skipped.

    Raises:
        RuntimeError: if the command prints no JSON object; a quarantined file is not an error.
    """
    command = [sys.executable, "-m", "flows", "score", str(inbox), "--out", str(outbox), "--json"]
    command += ["--bundle", bundle] if bundle else []
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not done.stdout:
        raise RuntimeError(done.stderr)
    summary: dict[str, Any] = json.loads(done.stdout)
    return summary


def flagged_share(outbox: Path) -> pd.DataFrame:
    """Return one row per well: depths, flagged depths, their share, and the most frequent reason."""
    columns = ["well", "depth", "is_anomaly", "reason"]
    rows = ds.dataset(outbox / "scores" / "kind=logs", partitioning="hive").to_table(columns=columns).to_pandas()
    table = rows.groupby("well").agg(depths=("depth", "size"), flagged=("is_anomaly", "sum"))
    table["share"] = table["flagged"] / table["depths"]
    reasons = rows[rows["is_anomaly"]].groupby("well")["reason"].agg(lambda reason: reason.mode().iloc[0])
    return table.join(reasons).sort_values("share", ascending=False)


def main() -> None:
    """Parse the arguments, score, and print the summary."""
    parser = argparse.ArgumentParser(description="Score a folder of well logs and summarise the parquet files.")
    parser.add_argument("inbox", type=Path)
    parser.add_argument("outbox", type=Path)
    parser.add_argument("--bundle")
    arguments = parser.parse_args()
    summary = score_folder(arguments.inbox, arguments.outbox, arguments.bundle)
    print(f"{summary['scored']} files scored, {summary['quarantined']} quarantined, {summary['skipped']} known already")
    print(flagged_share(arguments.outbox).to_string(float_format="{:.3f}".format))


if __name__ == "__main__":
    main()
