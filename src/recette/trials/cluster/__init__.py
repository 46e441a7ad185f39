"""What the cluster of hypervisors must survive, and what its guests must not lose."""
