"""The SIEM: what is done that must be told, what is done that must not, and what becomes of events and alerts."""
