"""Maintenance of an installation: what is old and can be made again is removed, so that its size stays bounded."""
