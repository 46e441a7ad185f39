"""Scripts that run on the hosts: standard library alone, one file each, sent over ssh and left nowhere."""
