"""Scripts that run on the hosts of the twin.

`recette.probes.attacks.ship` sends them under their own names, so that they import each other there as they do here.
Nothing else of the project reaches a host: only the standard library, scapy (in `craft`) and iproute2 may be used.
"""
