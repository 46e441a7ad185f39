"""Which ports a host may listen on: those that the flow matrix opens to it."""

from __future__ import annotations

from recette.site import Host, Site


def listened(site: Site, host: Host) -> list[int]:
    """TCP ports, in order; an event on any other one is a service that nobody declared."""
    return sorted(
        {
            port
            for flow in site.flows
            if flow.protocol == "tcp" and host in site.expand(flow.destination)
            for ports in flow.ports
            for port in range(ports.first, ports.last + 1)
        }
    )
