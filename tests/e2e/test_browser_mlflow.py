"""MLflow's pages in a real browser with the network cut, on runs that the product logged itself."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from browser import Watched, chromium, watch
from tiny_specs import LOGS

from aemodels.io.las_writer import write_las
from conftest import make_well
from flows.interfaces import HOST, Ports, commands
from tasks.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
# The pages of MLflow itself ask for a font or a banner where they are online; here they must do without.
PATIENCE_MS = 60_000


@dataclass(frozen=True)
class Tracked:
    """A trained experiment behind a running MLflow server."""

    address: str
    experiment: str
    run_id: str
    model: str
    version: str


@contextmanager
def tracking(home: Path) -> Iterator[Tracked]:
    """Train a tiny experiment in `home`, as from the command line, and serve its runs."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SONDEFLOW_", "PREFECT_"))}
    environment |= {"SONDEFLOW_HOME": str(home), "PREFECT_HOME": str(home / "prefect")}
    trained = _train(home, environment)
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    command = commands(Settings(home=home), Ports(mlflow=port, prefect=0))[0]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
    ) as server:
        try:
            address = f"http://{HOST}:{port}"
            _await(f"{address}/health", server)
            run = _ask(f"{address}/api/2.0/mlflow/runs/get?run_id={trained['run_id']}")["run"]
            yield Tracked(
                address, run["info"]["experiment_id"], trained["run_id"], trained["model"], str(trained["version"])
            )
        finally:
            server.terminate()
            server.wait(timeout=30)


def _train(home: Path, environment: dict[str, str]) -> dict:
    wells = home / "wells"
    wells.mkdir(parents=True)
    for number in range(6):
        write_las(make_well(f"W-{number}", samples=900, seed=number), wells / f"W-{number}.las")
    spec = home / "tiny.yaml"
    spec.write_text(yaml.safe_dump(LOGS), encoding="utf-8")
    command = [sys.executable, "-m", "flows", "train", str(spec), "--data", str(wells), "--json"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=500)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def _await(address: str, server: subprocess.Popen) -> None:
    for _ in range(400):
        assert server.poll() is None, "MLflow's server has ended"
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise AssertionError(f"nothing answers at {address}")


def _ask(address: str) -> dict:
    with urllib.request.urlopen(address, timeout=30) as reply:
        return json.load(reply)


@pytest.fixture(scope="module")
def tracked(tmp_path_factory) -> Iterator[Tracked]:
    with tracking(tmp_path_factory.mktemp("tracked")) as served:
        yield served


@pytest.fixture(scope="module")
def browser(tracked):
    with chromium() as running:
        yield running


@pytest.fixture
def page(browser) -> Iterator[Watched]:
    """A page; at the end nothing may have left this machine, nothing may have complained."""
    watched = watch(browser)
    watched.page.set_default_timeout(PATIENCE_MS)
    yield watched
    watched.page.context.close()
    assert watched.away() == []
    assert watched.complaints == []


@pytest.mark.slow
def test_the_runs_table_lists_the_experiment_and_its_contenders(tracked, page) -> None:
    page.page.goto(f"{tracked.address}/#/experiments/{tracked.experiment}/runs")
    page.page.get_by_text("pca_wiener").first.wait_for()
    page.page.get_by_text("dense", exact=True).first.wait_for()


@pytest.mark.slow
def test_a_run_shows_its_metrics(tracked, page) -> None:
    page.page.goto(f"{tracked.address}/#/experiments/{tracked.experiment}/runs/{tracked.run_id}")
    page.page.get_by_text("best_median_db.noise_0.2").first.wait_for()


@pytest.mark.slow
def test_a_table_is_shown_as_a_table(tracked, page) -> None:
    page.page.goto(_artifact(tracked, "tables/gains_by_well.json"))
    page.page.get_by_text("contender", exact=True).first.wait_for()
    page.page.get_by_text("W-5", exact=True).first.wait_for()


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["comparison", "thresholds", "panels_noise_0.2", "flagged_faults", "latent_dense_map", "detectors"]
)
def test_a_figure_is_shown(tracked, page, name: str) -> None:
    page.page.goto(_artifact(tracked, f"figures/{name}.png"))
    picture = page.page.locator("img[src^='blob:'], img[src*='get-artifact'], img[src^='data:image/png']").first
    picture.wait_for()
    size = picture.evaluate("async img => { await img.decode(); return img.naturalWidth * img.naturalHeight; }")
    assert size > 300_000


@pytest.mark.slow
@pytest.mark.parametrize("name", ["flagged_faults.html", "panels_noise_0.2.html"])
def test_an_interactive_figure_draws_inside_mlflow(tracked, page, name: str) -> None:
    page.page.goto(_artifact(tracked, f"figures/{name}"))
    frame = page.page.frame_locator("iframe").first
    frame.locator(".figure[data-drawn]").wait_for()
    inked = frame.locator("canvas.base").evaluate(
        """canvas => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data
            .reduce((sum, value, i) => sum + (i % 4 < 3 && value < 200), 0)"""
    )
    assert inked > 2000


@pytest.mark.slow
def test_the_registry_lists_the_model(tracked, page) -> None:
    page.page.goto(f"{tracked.address}/#/models/{tracked.model}/versions/{tracked.version}")
    page.page.get_by_text(tracked.model).first.wait_for()


def _artifact(tracked: Tracked, path: str) -> str:
    return f"{tracked.address}/#/experiments/{tracked.experiment}/runs/{tracked.run_id}/artifacts/{path}"
