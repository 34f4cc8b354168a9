"""Resampled family of log faults: forms and readings are taken from other depths of the same well."""
