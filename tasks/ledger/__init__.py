"""The ledger of arrived files: each content is scored once by each version of a model.

A file is `discovered`, and `stable` once it has stopped changing and was hashed. A content is then `claimed` by one
worker under a lease, `scored` when its outputs are written and hashed under temporary names, `published` when they
bear their own; or `failed`, and after some failures `quarantined`. The unique key (sha256, model, version, hash of the
bundle) makes a claim atomic; a token drawn with every claim keeps a worker whose lease has ended from settling.
"""

from tasks.ledger.claims import (
    DONE,
    HELD,
    STATES,
    Claim,
    Key,
    Settlement,
    State,
    Wanted,
    claim,
    finished,
    release,
    settle,
)
from tasks.ledger.queries import Entry, Filter, entries, forget, retry
from tasks.ledger.schema import LedgerError
from tasks.ledger.sightings import Sighting, recall, remember
from tasks.ledger.store import open_ledger
from tasks.ledger.workers import Identity, Presence, dead_among, departed, is_gone, retire

__all__ = [
    "DONE",
    "HELD",
    "STATES",
    "Claim",
    "Entry",
    "Filter",
    "Identity",
    "Key",
    "LedgerError",
    "Presence",
    "Settlement",
    "Sighting",
    "State",
    "Wanted",
    "claim",
    "dead_among",
    "departed",
    "entries",
    "finished",
    "forget",
    "is_gone",
    "open_ledger",
    "recall",
    "release",
    "remember",
    "retire",
    "retry",
    "settle",
]
