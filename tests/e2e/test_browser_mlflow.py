"""MLflow's pages in a real browser with the network cut, on runs that the product logged itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from helpers.browser import Watched, chromium, watch
from helpers.tracked import EXPERIMENT, Tracked, artifact_address, tracking

PATIENCE_MS = 60_000


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
    page.page.get_by_text(f"{EXPERIMENT['name']}-train").first.wait_for()
    page.page.locator(".ag-row button").first.click()  # unfolds the contenders
    for named in (*EXPERIMENT["contenders"], *EXPERIMENT["anomalies"]["detectors"]):
        page.page.get_by_text(named["name"]).first.wait_for()


@pytest.mark.slow
def test_a_run_shows_its_metrics(tracked, page) -> None:
    page.page.goto(f"{tracked.address}/#/experiments/{tracked.experiment}/runs/{tracked.run_id}")
    page.page.get_by_text("best_median_db.noise_0.2").first.wait_for()


@pytest.mark.slow
def test_a_table_is_shown_as_a_table(tracked, page) -> None:
    page.page.goto(artifact_address(tracked, "tables/gains_by_well.json"))
    page.page.get_by_text("contender", exact=True).first.wait_for()
    page.page.get_by_text("W-5", exact=True).first.wait_for()


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["comparison", "thresholds", "panels_noise_0.2", "flagged_faults", "latent_dense_map", "detectors"]
)
def test_a_figure_is_shown(tracked, page, name: str) -> None:
    page.page.goto(artifact_address(tracked, f"figures/{name}.png"))
    picture = page.page.locator("img[src^='blob:']").first
    picture.wait_for()
    size = picture.evaluate("async img => { await img.decode(); return img.naturalWidth * img.naturalHeight; }")
    assert size > 200_000


@pytest.mark.slow
@pytest.mark.parametrize("name", ["flagged_faults.html", "panels_noise_0.2.html"])
def test_an_interactive_figure_draws_inside_mlflow(tracked, page, name: str) -> None:
    page.page.goto(artifact_address(tracked, f"figures/{name}"))
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
