"""Mitogen's strategy at a path of this project, whatever the Python version; ANSIBLE_STRATEGY picks it."""

from ansible_mitogen.plugins.strategy.mitogen_linear import StrategyModule

__all__ = ["StrategyModule"]
