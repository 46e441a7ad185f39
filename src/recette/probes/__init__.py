"""Observations of a site: a probe returns facts, never judges them and never changes what it looks at."""
