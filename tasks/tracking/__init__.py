"""Everything that speaks to MLflow; nothing else imports it."""

from __future__ import annotations

from tasks.tracking.artifacts import (
    log_document,
    log_figures,
    log_folder,
    log_table,
    log_text,
    read_document,
    read_table,
)
from tasks.tracking.registry import (
    CHALLENGER,
    CHAMPION,
    PREVIOUS,
    ModelVersion,
    NoModelError,
    download_bundle,
    find,
    get,
    promote,
    register_bundle,
)
from tasks.tracking.runs import (
    DatasetRecord,
    RunHandle,
    RunSpec,
    flatten,
    log_datasets,
    log_history,
    log_metrics,
    log_params,
    set_tags,
    tracked_run,
)
from tasks.tracking.store import connect, is_local, public_uri, run_address

__all__ = [
    "CHALLENGER",
    "CHAMPION",
    "PREVIOUS",
    "DatasetRecord",
    "ModelVersion",
    "NoModelError",
    "RunHandle",
    "RunSpec",
    "connect",
    "download_bundle",
    "find",
    "flatten",
    "get",
    "is_local",
    "log_datasets",
    "log_document",
    "log_figures",
    "log_folder",
    "log_history",
    "log_metrics",
    "log_params",
    "log_table",
    "log_text",
    "promote",
    "public_uri",
    "read_document",
    "read_table",
    "register_bundle",
    "run_address",
    "set_tags",
    "tracked_run",
]
