"""Figures computed from what the probes recorded: pure functions, which contact no host."""
