"""Helpers that tests share: small recordings, servers, fixtures."""
