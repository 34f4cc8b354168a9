"""Volumes in Zarr: plain stores with names of dimensions, and MDIO version 1, as folders or zip files."""
