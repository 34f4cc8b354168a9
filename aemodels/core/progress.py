"""Progress of long calculations, as messages of one logger that nobody has to listen to."""

from __future__ import annotations

import logging

PROGRESS_LOGGER = "sondeflow.progress"  # command lines and flows write its messages to stderr


def tell(text: str, *values: object) -> None:
    """Report a step of a long calculation.

    Args:
        text: with the placeholders of `logging`.
        values: for the placeholders.
    """
    logging.getLogger(PROGRESS_LOGGER).info(text, *values)
