"""Passwords of servers and databases, planted in the settings and looked for in everything that a run leaves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from aemodels.io.las.writer import write_las
from helpers.mlflow_server import MlflowServer
from helpers.postgres_server import PostgresServer
from helpers.recordings import make_well
from helpers.servers import ROOT, running_prefect

PLANTED = ("pl4nted-tracking", "pl4nted-ledger", "pl4nted-webhook")
TRAIN = """
import sys
from flows.environment import prepare_environment, run_flow
from tasks.settings import Settings
settings = Settings()
prepare_environment(settings)
from flows.train import TrainRequest, train
from aemodels.experiment.spec import ExperimentSpec
from helpers.tiny_specs import LOGS
anomalies = LOGS["anomalies"] | {"detectors": LOGS["anomalies"]["detectors"][1:]}
spec = ExperimentSpec.model_validate(LOGS | {"contenders": LOGS["contenders"][:1], "anomalies": anomalies})
result = run_flow(train, settings, request=TrainRequest(spec=spec, data=sys.argv[1]))
print(settings, repr(settings), settings.model_dump_json(), result.model_dump_json())
if len(sys.argv) > 2:
    from tasks.tracking import get, promote
    promote(settings, get(settings, f"models:/{result.model}/{result.version}"))
"""


def found_in(folder: Path) -> list[str]:
    """Files and file names that contain a planted secret."""
    found = []
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place) / name
            content = path.read_bytes() + str(path).encode() if path.is_file() else b""
            found += [f"{path}: {secret}" for secret in PLANTED if secret.encode() in content]
    return found


@pytest.fixture
def addresses(tmp_path):
    """A real MLflow server and a real PostgreSQL, whose addresses hold passwords."""
    (tmp_path / "mlflow").mkdir()
    mlflow, postgres = MlflowServer(tmp_path / "mlflow"), PostgresServer(tmp_path / "postgres")
    postgres.start()
    ledger = postgres.new_database("ledger").replace("postgres@", f"postgres:{PLANTED[1]}@")
    try:
        yield (
            mlflow,
            {
                "SONDEFLOW_TRACKING_URI": f"http://me:{PLANTED[0]}@127.0.0.1:{mlflow.port}",
                "SONDEFLOW_LEDGER_URL": ledger,
                "SONDEFLOW_SETTLE_SECONDS": "0",
            },
        )
    finally:
        mlflow.stop()
        postgres.stop()


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_no_output_of_any_run_holds_a_planted_secret(tmp_path, addresses):
    mlflow, settings = addresses
    wells, inbox, outbox = tmp_path / "wells", tmp_path / "in", tmp_path / "out"
    wells.mkdir(), inbox.mkdir()
    for number in range(6):
        write_las(make_well(f"W-{number}", samples=900, seed=number), wells / f"W-{number}.las")
    write_las(make_well("N", samples=600, seed=50), inbox / "new.las")
    (inbox / "letter.las").write_text("Dear all,\n")
    said = tmp_path / "said"
    said.mkdir()
    with running_prefect(tmp_path / "home", **settings) as environment:
        environment |= {"PYTHONPATH": os.pathsep.join(str(ROOT / place) for place in (".", "tests"))}

        def run(name: str, *command: str, expected: int = 0, **more: str) -> str:
            done = subprocess.run(
                [sys.executable, *command], env=environment | more, capture_output=True, text=True, check=False
            )
            (said / name).write_text(done.stdout + done.stderr)
            assert done.returncode == expected, (name, done.stderr[-3000:])
            return done.stdout

        cli = ("-m", "flows")
        run("train-while-away", "-c", TRAIN, str(wells))
        assert list((tmp_path / "home" / "spool").rglob("run.json"))
        run("score-while-away", *cli, "score", str(inbox), "--out", str(outbox), "--json", expected=1)
        mlflow.start()
        run("upload", *cli, "upload", "--json")
        run("train", "-c", TRAIN, str(wells), "promoted")
        run("promote", *cli, "promote", "sondeflow-logs", "--json", "--version", "9", expected=1)
        scored = json.loads(run("score", *cli, "score", str(inbox), "--out", str(outbox), "--json", expected=1))
        assert (scored.get("scored"), scored.get("quarantined")) == (1, 1), (said / "score").read_text()[-3000:]
        assert scored["outcomes"][0]["model"].startswith("sondeflow-logs") or scored["outcomes"][1]["model"]
        run("monitor", *cli, "monitor", "--json", SONDEFLOW_OUTBOX=str(outbox))
        run("ledger", *cli, "ledger", "--json")
        run("alerts", *cli, "alerts", "--json", SONDEFLOW_WEBHOOK=f"https://hook.example/{PLANTED[2]}")
        wrong = settings["SONDEFLOW_LEDGER_URL"].replace("127.0.0.1:", "127.0.0.1:1")
        run("ledger-away", *cli, "ledger", "--json", expected=1, SONDEFLOW_LEDGER_URL=wrong)
    reports = list(outbox.rglob("*.html"))
    assert reports
    assert f"http://127.0.0.1:{mlflow.port}/#/models/sondeflow-logs" in reports[0].read_text()
    for folder in (tmp_path / "home", outbox, said, tmp_path / "mlflow"):
        assert found_in(folder) == []
