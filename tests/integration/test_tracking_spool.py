"""The local record of runs: complete before it is sent, and harmless to send again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from tasks.address import Address
from tasks.settings import Settings
from tasks.tracking import RunSpec, connect, log_history, log_metrics, log_text, send_pending, set_tags, tracked_run
from tasks.tracking.send import send
from tasks.tracking.spool import RECORD_TAG, new_record, prune, record_of, records


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("home"))


@pytest.fixture
def away(settings, monkeypatch) -> Settings:
    """The same home, at whose tracking address nothing listens."""
    return settings.model_copy(update={"tracking_uri": Address("http://127.0.0.1:9")})


def _moved(away: Settings, settings: Settings) -> None:
    """The address is that of a store that answers now."""
    for record in records(away):
        record.change(store=str(settings.tracking_uri))


def _names(settings: Settings, experiment: str) -> list[str]:
    client = connect(settings)
    return [run.info.run_name for run in client.search_runs([client.get_experiment_by_name(experiment).experiment_id])]


def test_what_is_recorded_while_the_store_is_away_arrives_whole(settings, away):
    with tracked_run(away, RunSpec(experiment="away", name="parent", params={"a": 1}, tags={"t": "x"})) as parent:
        with tracked_run(away, RunSpec(experiment="away", name="child", parent=parent.run_id)) as child:
            log_history(away, child.run_id, {"loss": [3.0, 2.0, 1.0]})
        log_text(away, parent.run_id, "folder/note.txt", "as written")
        log_metrics(away, child.run_id, {"late": 7.0})
    assert "not sent yet" in parent.address
    assert [run.sent for run in send_pending(away)] == [False, False]
    _moved(away, settings)
    assert [(run.name, run.sent) for run in send_pending(settings)] == [("parent", True), ("child", True)]
    client = connect(settings)
    ids = {name: record_of(settings, handle.run_id).head.run_id for name, handle in {"p": parent, "c": child}.items()}
    sent = client.get_run(ids["c"])
    assert sent.data.tags["mlflow.parentRunId"] == ids["p"]
    assert sent.data.metrics == {"loss": 1.0, "late": 7.0}
    assert [item.path for item in client.list_artifacts(ids["p"], "folder")] == ["folder/note.txt"]
    whole = client.get_run(ids["p"])
    assert (whole.data.params, whole.data.tags["t"], whole.info.status) == ({"a": "1"}, "x", "FINISHED")
    assert 0 < whole.info.start_time <= sent.info.start_time <= sent.info.end_time <= whole.info.end_time


def test_sending_twice_changes_nothing(settings):
    with tracked_run(settings, RunSpec(experiment="twice", name="r", params={"a": 1})) as run:
        log_history(settings, run.run_id, {"loss": [3.0, 2.0]})
        record = record_of(settings, run.run_id)
        kept = (record.folder / "lines.jsonl").read_text()
    for _ in range(2):  # as after a failure between sending and forgetting
        (record.folder / "lines.jsonl").write_text(kept)
        assert send(settings, record)
    history = connect(settings).get_metric_history(run.run_id, "loss")
    assert [(metric.step, metric.value) for metric in history] == [(0, 3.0), (1, 2.0)]
    assert _names(settings, "twice") == ["r"]


def test_a_run_whose_creation_was_not_heard_of_is_found_again(settings):
    record = new_record(settings, experiment="unheard", name="r")
    client = connect(settings)
    experiment = client.create_experiment("unheard")
    made = client.create_run(experiment, run_name="r", tags={RECORD_TAG: record.head.key}).info.run_id
    record.change(tried=True)
    assert send(settings, record)
    assert record.head.run_id == made
    assert _names(settings, "unheard") == ["r"]


def test_a_line_cut_off_by_a_crash_is_left_out(settings):
    record = new_record(settings, experiment="cut", name="r")
    record.append("tags", {"whole": "yes"})
    with (record.folder / "lines.jsonl").open("a") as stream:
        stream.write('{"tags": {"half"')
    assert record.lines()[-1] == ("tags", {"whole": "yes"})


def test_a_run_whose_process_is_gone_is_ended_as_failed(settings):
    code = (
        "import os\nfrom tasks.settings import Settings\nfrom tasks.tracking import RunSpec, tracked_run\n"
        "with tracked_run(Settings(), RunSpec(experiment='crash', name='r')):\n    os._exit(9)\n"
    )
    environment = {**os.environ, "SONDEFLOW_HOME": str(settings.home)}
    subprocess.run([sys.executable, "-c", code], env=environment, check=False, timeout=120)
    sent = [run for run in send_pending(settings) if run.experiment == "crash"]
    found = connect(settings).get_run(sent[0].run_id)
    assert found.info.status == "FAILED"
    assert "ended before the run did" in found.data.tags["failure"]


def test_a_run_keeps_to_its_thirty_metrics_over_several_calls(settings):
    with (
        pytest.raises(ValueError, match="31 metrics"),
        tracked_run(settings, RunSpec(experiment="many", name="r")) as run,
    ):
        log_metrics(settings, run.run_id, {f"a{n}": 0.0 for n in range(16)})
        log_metrics(settings, run.run_id, {f"b{n}": 0.0 for n in range(15)})


def test_a_run_that_was_made_elsewhere_can_be_added_to(settings):
    client = connect(settings)
    run_id = client.create_run(client.create_experiment("elsewhere")).info.run_id
    set_tags(settings, run_id, {"later": "yes"})
    found = client.get_run(run_id)
    assert (found.data.tags["later"], found.info.status) == ("yes", "RUNNING")


def test_records_that_were_sent_are_removed_a_day_later_and_others_never(settings, away):
    with tracked_run(settings, RunSpec(experiment="old", name="sent")) as sent:
        pass
    with tracked_run(away, RunSpec(experiment="old", name="waits")) as waits:
        pass
    folders = [record_of(settings, handle.run_id).folder for handle in (sent, waits)]
    for folder in folders:
        os.utime(folder, (1, 1))
    prune(settings)
    prune(away)
    assert [folder.exists() for folder in folders] == [False, True]
    shutil.rmtree(folders[1])
