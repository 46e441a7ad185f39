"""Where the mail of a site is posted, read and received, found in its inventory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from recette.probes.mail import Door
from recette.site import Site


@dataclass(frozen=True)
class Doors:
    """The services of the mail system, as their users call them."""

    posting: Door
    """Authenticated submission, encrypted at once."""
    submission: Door
    """The same, encrypted on demand."""
    reading: Door
    relay: Door
    """The relay, seen from the Internet through both operators."""
    servers: tuple[Door, ...]
    """Where each mail server receives from the relay."""
    relay_inside: Door
    web: Door
    """The webmail, seen from the site."""
    web_outside: Door

    @classmethod
    def of(cls, site: Site) -> Self:
        """Names and addresses of the inventory alone."""
        mail = f"mail.{site.dns}"
        servers = site.group("mail")
        addresses = tuple(str(host.address) for host in servers)
        public = tuple(
            str(address) for zone, address in site.vips["fw-ext"].items() if site.zone(zone).role == "operateur"
        )
        domain = str(site.variables["site_mail_domain"])
        (relay,), (proxy,) = site.members("relais_messagerie"), site.members("mandataires")
        return cls(
            posting=Door(addresses, 465, mail, "implicit"),
            submission=Door(addresses, 587, mail, "starttls"),
            reading=Door(addresses, 993, mail, "implicit"),
            relay=Door(public, 25, f"mx.{domain}"),
            servers=tuple(Door((str(host.address),), 25, f"{host.name}.{site.dns}") for host in servers),
            relay_inside=Door((str(relay.address),), 25, f"mx.{domain}"),
            web=Door((str(proxy.address),), 443, f"webmail.{site.dns}", "implicit"),
            web_outside=Door(public, 443, f"webmail.{domain}", "implicit"),
        )
