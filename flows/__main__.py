"""`python -m flows` is `sondeflow`."""

from __future__ import annotations

from flows.cli.app import main

main()
