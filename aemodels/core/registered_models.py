"""Names of the models in the registry."""

from __future__ import annotations

REGISTERED: dict[str, str] = {"logs": "sondeflow-logs", "seismic": "sondeflow-seismic"}  # by kind of recording
