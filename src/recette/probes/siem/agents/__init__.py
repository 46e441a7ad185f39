"""Scripts that try the SIEM on the hosts: standard library alone, one file each, sent over ssh and left nowhere."""
