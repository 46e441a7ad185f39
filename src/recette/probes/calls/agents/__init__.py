"""Scripts that run on the hosts for a call: standard library alone, one file each, sent over ssh and left nowhere."""
