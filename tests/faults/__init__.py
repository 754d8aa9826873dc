"""Runs on the embedded AWS amid injected faults, and a model that says what must hold after each: `make faults`."""
