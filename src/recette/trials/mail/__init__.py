"""Trials of the mail system."""
