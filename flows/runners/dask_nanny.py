"""The process that watches a Dask worker, with more patience at its end than Dask's own."""

from __future__ import annotations

from typing import Literal

from distributed import Nanny

ENDING_SECONDS = 30.0


class PatientNanny(Nanny):  # type: ignore[misc] # distributed has no types
    """A nanny that waits longer for its worker to end before it kills it.

    A worker ends its scoring process, which may hold a gigabyte, and its registration in the ledger. Dask allows that
    four seconds, in which a busy machine may not do it: the worker was killed ("Worker process still alive after 4.0
    seconds"), and the next run had to remove what was left. A worker that ends earlier is not waited for.
    """

    async def close(self, timeout: float = ENDING_SECONDS, reason: str = "nanny-close") -> Literal["OK"]:
        """Close the worker; kill it if it has not ended after four fifths of the timeout in s."""
        await super().close(timeout=timeout, reason=reason)
        return "OK"
