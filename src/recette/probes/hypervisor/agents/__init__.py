"""Agents that run on the hosts, for the cluster of hypervisors and its guests."""
