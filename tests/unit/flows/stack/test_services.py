"""Services of the stack: what is on their command lines and in their environments."""

from __future__ import annotations

import configparser

import pytest

from flows.prefect_api.password import read_password
from flows.server.processes import NotServedError
from flows.server.supervision import Service
from flows.stack import services
from flows.stack.databases import role_password
from flows.stack.places import METRICS, Places, StackOptions
from flows.stack.postgres import Postgres, find_postgres
from tasks.settings import Settings

OPTIONS = StackOptions()
PLANTED = {"SONDEFLOW_WEBHOOK": "https://hook/planted", "PGPASSWORD": "planted", "MLFLOW_TRACKING_PASSWORD": "planted"}


@pytest.fixture
def made(tmp_path, monkeypatch) -> dict[str, Service]:
    for name, value in PLANTED.items():
        monkeypatch.setenv(name, value)
    settings, places = Settings(home=tmp_path), Places(tmp_path)
    postgres = Postgres(tmp_path, 15, None)
    made = [
        services.postgres_service(postgres, places, OPTIONS),
        services.mlflow_service(settings, places, OPTIONS),
        services.prefect_service(settings, places, OPTIONS, on_postgres=True),
        services.worker_service(settings, places, OPTIONS),
        services.metrics_service(settings, places, OPTIONS),
    ]
    return {service.name: service for service in made}


def test_no_command_line_holds_a_secret(made, tmp_path):
    settings, places = Settings(home=tmp_path), Places(tmp_path)
    secrets = [role_password(places, role) for role in ("ledger", "mlflow", "prefect", METRICS)]
    secrets += [read_password(settings), settings.own_tracking_password.read_text().strip(), "planted"]
    for service in made.values():
        shown = repr(service) + " ".join(service.command)
        assert [secret for secret in secrets if secret in shown] == []


def test_an_environment_holds_only_the_secrets_of_its_service(made, tmp_path):
    login = read_password(Settings(home=tmp_path))
    holders = {name for name, service in made.items() if login in service.environment.values()}
    assert holders == {"Prefect server", "Prefect worker", "metrics"}
    for service in made.values():
        assert not [value for value in service.environment.values() if "planted" in value]
        assert not {"PGPASSWORD", "SONDEFLOW_WEBHOOK"} & set(service.environment)
    assert set(made["PostgreSQL server"].environment) == {"PATH", "LC_ALL"}


def test_each_service_reads_the_password_of_its_own_role(made, tmp_path):
    read = {name: service.environment.get("PGPASSFILE") for name, service in made.items()}
    stack = tmp_path / "stack"
    assert read == {
        "PostgreSQL server": None,
        "MLflow server": str(stack / "mlflow.pgpass"),
        "Prefect server": str(stack / "prefect.pgpass"),
        "Prefect worker": str(stack / "ledger.pgpass"),
        "metrics": str(stack / "metrics.pgpass"),
    }


def test_mlflow_asks_for_the_password_in_the_file(made, tmp_path):
    configuration = configparser.ConfigParser()
    configuration.read(made["MLflow server"].environment["MLFLOW_AUTH_CONFIG_PATH"])
    login = f"{configuration['mlflow']['admin_username']}:{configuration['mlflow']['admin_password']}"
    assert login == (tmp_path / "mlflow-password").read_text().strip()
    assert "basic-auth" in made["MLflow server"].command


def test_clients_on_this_machine_log_in_with_the_file(made, tmp_path):
    (user, password) = (tmp_path / "mlflow-password").read_text().strip().split(":")
    known = Settings(home=tmp_path, tracking_uri="http://127.0.0.1:5000").tracking_uri
    assert known.credentials == (user, password)
    assert password not in f"{known!r}{known}"
    elsewhere = Settings(home=tmp_path, tracking_uri="http://mlflow.example:5000").tracking_uri
    assert elsewhere.credentials is None, "a password is sent to no other machine unless its file is named"
    named = Settings(
        home=tmp_path, tracking_uri="http://mlflow:5000", tracking_password_file=tmp_path / "mlflow-password"
    )
    assert named.tracking_uri.credentials == (user, password)
    own = Settings(home=tmp_path, tracking_uri="http://me:mine@127.0.0.1:5000").tracking_uri
    assert own.credentials == ("me", "mine")


def test_a_password_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(ValueError, match="no-such-file"):
        Settings(home=tmp_path, tracking_password_file=tmp_path / "no-such-file", tracking_uri="http://mlflow:5000")


def test_a_cluster_of_another_version_is_refused_with_the_remedy(tmp_path):
    places = Places(tmp_path)
    places.postgres.mkdir(parents=True)
    (places.postgres / "PG_VERSION").write_text("9\n")
    with pytest.raises(NotServedError, match=r"PostgreSQL 9.*upgrade-postgres"):
        find_postgres(places)
