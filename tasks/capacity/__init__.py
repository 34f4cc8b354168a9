"""Capacity of a cluster: measured costs, a simulation of a run with them, bottlenecks and money."""
