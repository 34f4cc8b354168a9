"""Neural networks: one file per architecture, a spec with `build`."""
