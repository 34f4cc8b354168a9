"""Ledger of arrived files: each content is scored once by each version of a model.

A file is `discovered`, and `stable` once it has stopped changing and has been hashed. Its content is then `claimed` by
one worker under a lease, `scored` when its outputs are written and hashed under temporary names, and `published` when
they have their final names; or it is `failed`, and after several failures `quarantined`. The unique key (sha256, model,
version, hash of the bundle) makes a claim atomic. Each claim draws a new fencing token, so that a worker whose lease
has expired cannot record an outcome.
"""

from tasks.ledger.claims import (
    DONE,
    IN_PROGRESS,
    STATES,
    Claim,
    ClaimOutcome,
    ClaimRequest,
    Key,
    State,
    acquire_claims,
    finished,
    record_outcomes,
    release_claims,
    remove_retried,
)
from tasks.ledger.observations import FileObservation, load_observations, save_observations
from tasks.ledger.outputs import (
    Output,
    Problem,
    Verification,
    allow_again,
    recorded_outputs,
    remove_former,
    verify_outputs,
)
from tasks.ledger.queries import Entry, Filter, count_recent, entries, forget, owners_in_progress, retry
from tasks.ledger.schema import LedgerError
from tasks.ledger.store import open_ledger, schema_state
from tasks.ledger.workers import (
    Heartbeat,
    Identity,
    await_dead,
    boot_id,
    dead_owners,
    dead_workers,
    has_exited,
    registered_owners,
    unregister,
)

__all__ = [
    "DONE",
    "IN_PROGRESS",
    "STATES",
    "Claim",
    "ClaimOutcome",
    "ClaimRequest",
    "Entry",
    "FileObservation",
    "Filter",
    "Heartbeat",
    "Identity",
    "Key",
    "LedgerError",
    "Output",
    "Problem",
    "State",
    "Verification",
    "acquire_claims",
    "allow_again",
    "await_dead",
    "boot_id",
    "count_recent",
    "dead_owners",
    "dead_workers",
    "entries",
    "finished",
    "forget",
    "has_exited",
    "load_observations",
    "open_ledger",
    "owners_in_progress",
    "record_outcomes",
    "recorded_outputs",
    "registered_owners",
    "release_claims",
    "remove_former",
    "remove_retried",
    "retry",
    "save_observations",
    "schema_state",
    "unregister",
    "verify_outputs",
]
