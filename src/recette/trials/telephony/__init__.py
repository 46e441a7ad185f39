"""Telephony: who calls whom, what each hears, and what happens when something is lost."""
