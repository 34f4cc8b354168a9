"""Randomised family of log faults: everything that physics does not fix is drawn at random (domain randomisation)."""
