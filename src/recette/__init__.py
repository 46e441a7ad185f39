"""Executable acceptance of a site."""
