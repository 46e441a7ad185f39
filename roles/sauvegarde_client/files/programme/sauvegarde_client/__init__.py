"""Copies the data sets of a host to its repository, and restores them."""
