"""What a scenario puts a site through: probes and faults together, facts out. Steps judge; nothing here does."""
