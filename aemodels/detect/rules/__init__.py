"""Rules for faults with an exact signature."""
