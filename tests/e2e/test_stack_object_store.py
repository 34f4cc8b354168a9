"""The stack with MLflow's artifacts in an S3 store: registered, used for scoring, backed up, lost and sent back."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from aemodels.io.las.writer import write_las
from helpers.cheap_bundle import save_cheap_bundle
from helpers.ports import free_port
from helpers.recordings import make_well
from helpers.running_stack import PORTS, REGISTER, Stack
from helpers.servers import wait_for

KEYS = {"AWS_ACCESS_KEY_ID": "planted-id", "AWS_SECRET_ACCESS_KEY": "planted-secret", "AWS_DEFAULT_REGION": "us-east-1"}
BUCKET = "artifacts"


@pytest.fixture
def store(monkeypatch) -> Iterator[str]:
    """The address of an S3 store with an empty bucket."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    boto3.client("s3", endpoint_url=address).create_bucket(Bucket=BUCKET)
    yield address
    server.stop()


@pytest.fixture
def stack(store) -> Iterator[Stack]:
    folder = Path(tempfile.mkdtemp(prefix="sondeflow-stack-"))
    folder.chmod(0o755)  # for root, another user runs PostgreSQL and has to pass through
    where = {"MLFLOW_ARTIFACTS_DESTINATION": f"s3://{BUCKET}/mlflow", "MLFLOW_S3_ENDPOINT_URL": store}
    running = Stack(folder, {name: free_port() for name in PORTS}, {}, where | KEYS)
    try:
        running.up()
        yield running
    finally:
        running.command("down")
        shutil.rmtree(folder, ignore_errors=True)


def stored(address: str) -> dict[str, int]:
    """Sizes of the objects in the bucket, by key."""
    pages = boto3.client("s3", endpoint_url=address).get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
    return {item["Key"]: item["Size"] for page in pages for item in page.get("Contents", ())}


@pytest.mark.slow
@pytest.mark.timeout(3600)  # hundreds of objects, each through two servers
def test_a_champion_whose_artifacts_lie_in_an_object_store_scores_and_is_backed_up(stack, store, tmp_path):
    script = tmp_path / "register.py"
    script.write_text(REGISTER)
    version = stack.run(str(script), str(save_cheap_bundle(tmp_path / "cheap"))).split()[-1]
    before = stored(store)
    assert any(key.endswith("bundle.json") for key in before)
    assert not list((stack.home / "mlartifacts").rglob("bundle.json")), "not on this disk"

    shutil.rmtree(stack.home / "bundles", ignore_errors=True)  # the next run has to fetch the champion
    write_las(make_well("S-1", samples=400, seed=1), stack.home / "inbox" / "S-1.las")
    scores = stack.home / "outbox" / "scores"
    wait_for("the scores", lambda: list(scores.glob(f"kind=logs/bundle=sondeflow-logs-v{version}/*.parquet")), 240)

    backup = tmp_path / "backup"
    made = json.loads(stack.run("-m", "flows", "backup", str(backup), "--json"))
    saved = [path for path in (backup / "artifacts").rglob("*") if path.is_file()]
    assert sorted(path.stat().st_size for path in saved) == sorted(before.values()), made
    assert [line for line in made["left_out"] if "artifacts of" in line] == []
    for path in backup.rglob("*"):
        assert not path.is_file() or b"planted-secret" not in path.read_bytes()

    client = boto3.client("s3", endpoint_url=store)
    for key in before:
        client.delete_object(Bucket=BUCKET, Key=key)
    sent = json.loads(stack.run("-m", "flows", "restore", "--artifacts", str(backup), "--json"))
    assert stored(store) == before, sent
