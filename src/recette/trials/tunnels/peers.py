"""Somebody who stands where the other site's gateway stands, and is not the one he says."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from cryptography import x509

from recette.actions.authority import EXPIRED, Credential, foreign
from recette.actions.impostor import Outcome
from recette.errors import Inconclusive
from recette.platform import Platform
from recette.probes.associations import CARRYING, associations
from recette.trials.tunnels.ends import Ends
from recette.waiting import wait_until

CONNECTION = """connections {{
  essai {{
    version = 2
    local_addrs = {here}
    remote_addrs = {there}
    proposals = aes256gcm16-prfsha384-ecp384
    keyingtries = 1
    local {{
      {proof}
      id = {name}
    }}
    remote {{
      auth = {expected}
      id = {peer}
    }}
    children {{
      essai {{
        local_ts = {networks_here}
        remote_ts = {networks_there}
        esp_proposals = aes256gcm16-ecp384
      }}
    }}
  }}
}}
{secrets}
"""
BY_CERTIFICATE = "auth = pubkey\n      certs = essai.pem"
BY_SECRET = "auth = psk"  # noqa: S105 - the word of the settings
SECRETS = 'secrets {\n  ike-essai {\n    secret = "secret-partage-37"\n  }\n}'
LOOK_S, RENEWAL_LIMIT_S = 0.2, 10.0
REVOCATION_LIMIT_S = 5.0
"""From the list's arrival on the gateway to its effect."""
TRUST = "/etc/site-pki/ca.pem"


@dataclass(frozen=True)
class Peer:
    """How somebody proves who he is: by a certificate, or (without one) by a shared secret. `revoked`: it is known."""

    credential: Credential | None
    revoked: bool = False
    name: str = ""
    """The name that he gives, if it is not the gateway's."""


def peers(platform: Platform, ends: Ends) -> dict[str, Peer]:
    """Words of the features -> somebody who asks for the tunnel in the gateway's name."""
    name, authority = ends.near.peer, platform.authority
    other = f"autre.{platform.site.dns}"
    trust = x509.load_pem_x509_certificate(platform.remote.run(authority.host, f"cat {TRUST}").stdout.encode())
    return {
        "un certificat en règle": Peer(authority.sign(name)),
        "un certificat expiré": Peer(authority.sign(name, EXPIRED)),
        "un certificat révoqué": Peer(authority.sign(name), revoked=True),
        "un certificat d'une autre autorité": Peer(foreign(name, trust.subject)),
        "un certificat en règle d'un autre hôte": Peer(authority.sign(other), name=other),
        "un secret partagé": Peer(None),
    }


@contextmanager
def presented(platform: Platform, ends: Ends, peer: Peer) -> Iterator[Outcome]:
    """Ask for the tunnel from the gateway's own address; it is given back to the gateway when the block ends."""
    gateway = ends.gateway.name
    files = {"x509ca/site.pem": platform.remote.run(gateway, f"cat {TRUST}").stdout}
    if peer.credential:
        files |= {"x509/essai.pem": peer.credential.certificate, "private/essai.key": peer.credential.key}
    with ExitStack() as stack:
        if peer.revoked and peer.credential:
            stack.enter_context(platform.authority.revoked(peer.credential.serial))
            _await_list(platform, ends, peer.credential.serial)
        yield stack.enter_context(platform.impostor.presented(gateway, _connection(ends, peer), files))


def _await_list(platform: Platform, ends: Ends, serial: str) -> None:
    """Give the gateway the time of the contract; one that never takes the list is judged by what it accepts."""

    def taken() -> bool:
        listed = platform.remote.run(ends.active.name, "swanctl --list-certs --type x509_crl").stdout
        return serial in listed.replace(":", "")

    try:
        wait_until(taken, REVOCATION_LIMIT_S, "La prise en compte de la révocation")
    except Inconclusive:
        return


def _connection(ends: Ends, peer: Peer) -> str:
    child = ends.far.current
    return CONNECTION.format(
        here=ends.near.peer_address,
        there=ends.far.peer_address,
        proof=BY_CERTIFICATE if peer.credential else BY_SECRET,
        expected="pubkey" if peer.credential else "psk",
        name=peer.name or ends.near.peer,
        peer=ends.far.peer,
        networks_here=",".join(child.here),
        networks_there=",".join(child.there),
        secrets="" if peer.credential else SECRETS,
    )


def stands(platform: Platform, ends: Ends) -> bool:
    """Whether level 1 has a standing tunnel with the gateway now."""
    found = associations(platform.remote, ends.active.name)
    return any(each.stands and each.peer == ends.near.peer for each in found)


def looks(platform: Platform, ends: Ends, duration_s: float) -> list[bool]:
    """What `stands` says, again and again for a while."""
    found, deadline = [], time.monotonic() + duration_s
    while time.monotonic() < deadline:
        found.append(stands(platform, ends))
        time.sleep(LOOK_S)
    return found


def wait_renewed(platform: Platform, ends: Ends, before: str) -> str:
    """Wait until the tunnel has other keys than those that an incoming packet named `before`; returns the new name."""

    def renewed() -> str:
        for each in associations(platform.remote, ends.active.name):
            for child in each.children:
                if each.peer == ends.near.peer and child.state == CARRYING and child.spi_in != before:
                    return child.spi_in
        return ""

    return wait_until(renewed, RENEWAL_LIMIT_S, "Le renouvellement des clés")
