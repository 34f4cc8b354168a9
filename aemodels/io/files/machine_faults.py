"""Errors of the machine that no file is the cause of: no room, no memory, too many open files."""

from __future__ import annotations

import errno

from aemodels.core.errors import MachineFaultError

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
ERRORS = NO_ROOM | {errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN}


def is_machine_fault(error: OSError) -> bool:
    """Return whether an error of the operating system would hit any file."""
    return error.errno in ERRORS


def machine_fault(error: OSError, doing: str) -> MachineFaultError:
    """Return the error to raise for a fault of the machine.

    Args:
        error: of the operating system.
        doing: what failed, e.g. "unpacking to /tmp".
    """
    return MachineFaultError(
        f"{doing}: {error.strerror or error}; expected a machine with free disk space, memory and file descriptors; "
        "no file is at fault: free some, then start it again"
    )
