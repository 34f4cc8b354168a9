"""Screenshots of what a reviewer sees: `make screenshots`, or `python tests/screenshots.py FOLDER`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser

from aemodels.io.las.writer import write_las
from aemodels.io.segy.writer import write_segy
from helpers.browser import Watched, chromium, watch
from helpers.paths import ROOT
from helpers.recordings import make_line, make_well
from helpers.tracked import Tracked, artifact_address, environment_of, run, tracking, train

SETTLE_MS = 2500
PATCH = {"length": 16, "stride": 4, "width": 16, "width_stride": 4}
SEISMIC = {
    "name": "tiny-seismic",
    "kind": "seismic",
    "minimum_samples": 100,
    "normalise": {"kind": "recording_rms"},
    "default": "pca_wiener",
    "contenders": [{"name": "pca_wiener", "model": {"kind": "pca_wiener", "window": PATCH, "stride": 4}}],
    "test_conditions": [{"name": "5 dB", "noise": [{"kind": "gaussian", "snr_db": 5.0}]}],
    "anomalies": {
        "fraction": 0.2,
        "faults": [{"kind": "noisy"}, {"kind": "spiky"}],
        "detectors": [{"name": "pca_error", "model": {"kind": "pca_reconstruction"}}],
        "thresholds": [{"kind": "quantile", "rate": 0.01}, {"kind": "conformal"}],
    },
}


def main(folder: Path) -> None:
    """Train, serve, score, and photograph all of it into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as scratch, tracking(Path(scratch)) as tracked:
        reports = _reports(Path(scratch), tracked)
        with chromium() as browser:
            for name, address in _pages(tracked).items():
                _photograph(browser, address, folder / f"{name}.png")
            for name, report in reports.items():
                shutil.copyfile(report, folder / f"{name}.html")
                _photograph(browser, report.as_uri(), folder / f"{name}.png", whole=True)
    for path in sorted(folder.glob("*.png")):
        sys.stdout.write(f"{path}\n")


def _pages(tracked: Tracked) -> dict[str, str]:
    experiment = f"{tracked.address}/#/experiments/{tracked.experiment}"
    return {
        "runs": f"{experiment}/runs",
        "run": f"{experiment}/runs/{tracked.run_id}",
        "card": f"{experiment}/runs/{tracked.run_id}",
        "figure": artifact_address(tracked, "figures/flagged_faults.html"),
        "table": artifact_address(tracked, "tables/gains_by_well.json"),
        "registry": f"{tracked.address}/#/models/{tracked.model}",
        "version": f"{tracked.address}/#/models/{tracked.model}/versions/{tracked.version}",
    }


def _reports(home: Path, tracked: Tracked) -> dict[str, Path]:
    """Reports of a well and of a line with faults in them, scored by the bundles just trained."""
    environment = environment_of(home)
    write_segy(make_line(traces=90, samples=160), home / "line.sgy")
    seismic = train(SEISMIC, home / "line.sgy", environment)
    well, line = make_well("arrived", samples=1500, seed=40), make_line("arrived", traces=120, samples=200)
    values, traces = well.values.copy(), line.values.copy()
    values[1, 500:540] = 2.9
    values[0, 900:960] = values[0, 900]
    traces[[30, 31, 77]] *= 0.05
    traces[60] += 3 * traces.std()
    inbox = {"well": home / "in-logs", "line": home / "in-seismic"}
    for place in inbox.values():
        place.mkdir()
    write_las(well.with_values(values), inbox["well"] / "arrived.las")
    write_segy(line.with_values(traces), inbox["line"] / "arrived.sgy")
    models = {"well": f"{tracked.model}/{tracked.version}", "line": f"{seismic['model']}/{seismic['version']}"}
    found = {}
    for name, place in inbox.items():
        out = home / f"out-{name}"
        run(["score", str(place), "--out", str(out), "--bundle", f"models:/{models[name]}"], environment)
        found[f"report_{name}"] = next((out / "reports").glob("*.html"))
    return found


def _photograph(browser: Browser, address: str, path: Path, *, whole: bool = False) -> None:
    watched = watch(browser, width=1500, height=1050)
    page = watched.page
    page.goto(address)
    if address.startswith("http"):
        _tidy(watched, path.stem)
    page.wait_for_timeout(SETTLE_MS)
    page.screenshot(path=path, full_page=whole)
    page.context.close()


def _tidy(watched: Watched, name: str) -> None:
    """MLflow's page as a reviewer has it after the first visit: no assistant, contenders unfolded, the card in view."""
    page = watched.page
    page.get_by_text("sondeflow").first.wait_for(timeout=60_000)
    page.wait_for_timeout(SETTLE_MS)
    close = page.get_by_role("button", name="Close")
    if close.count():
        close.first.click()
    if name == "runs":
        page.locator(".ag-row button").first.click()
    if name == "card" and page.get_by_text("Description").count():
        page.get_by_text("Description").first.scroll_into_view_if_needed()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "data" / "work" / "screenshots")
