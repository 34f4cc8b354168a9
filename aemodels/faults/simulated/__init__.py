"""Simulated family of log faults: how tool responses arise, simulated step by step."""
