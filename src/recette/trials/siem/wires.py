"""What is seen on the wires, or where they end: scans, web attacks and their traces, tunnels, conduits."""

from __future__ import annotations

import random
import shlex
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from recette.errors import Inconclusive
from recette.platform import Platform
from recette.probes.agents import source
from recette.probes.names import Question, resolve
from recette.site import Host
from recette.trials.people import People
from recette.trials.siem.guesses import MAIL, WORKSTATIONS, one_of
from recette.trials.siem.watch import Act, Expected, nonce

INTERNET, GATEWAYS, PROXIES, LINES = "internet", "fw-ext", "mandataires", "lignes"
SCAN, WEB, TUNNEL, CONDUIT, ERASED = "T1046", "T1190", "T1071.004", "T0886", "T1070.002"
REQUESTS = "/var/log/nginx/access.log"
LOOKED_AT_S = 5.0
"""Longer than two looks of the watcher at the logs of its host."""
PORTS, QUESTIONS, PACE = 30, 24, 200.0
UNUSED = range(20000, 40000)
"""Ports that the flow matrix opens to nobody who scans here."""
INJECTIONS = {
    "sql-injection": "/?_task=login&{nonce}=1%27%20OR%20%271%27=%271",
    "path-traversal": "/{nonce}/..%2f..%2f..%2fetc/passwd",
}
# Whether the request came through TLS does not depend on who trusts the certificate.
REQUEST = "curl --silent --insecure --max-time 10 --path-as-is --resolve {name}:443:{address} --output /dev/null {url}"


def scanned(level: int) -> Act:
    """Thirty closed ports of one address, knocked at from where only this level stands in between."""

    @contextmanager
    def act(platform: Platform, _people: People) -> Iterator[Expected]:
        firewall = platform.active(level)
        origin, address = (
            (platform.site.sondes()[INTERNET], outside(platform))
            if level == 1
            else (one_of(platform, WORKSTATIONS), str(platform.directory.servers[0].address))
        )
        knock(platform, origin, address, PORTS)
        yield Expected("port-scan", frozenset({firewall.name}), SCAN, str(origin.address), trace=str(origin.address))

    return act


@contextmanager
def left_its_conduit(platform: Platform, _people: People) -> Iterator[Expected]:
    """A production line knocks once at a server that is none of its business."""
    line, target, firewall = one_of(platform, LINES), one_of(platform, MAIL), platform.active(2)
    (port,) = knock(platform, line, str(target.address), 1)
    trace = f"{target.address} tcp/{port}"
    yield Expected("conduit", frozenset({firewall.name}), CONDUIT, str(line.address), trace=trace)


def attacked(kind: str) -> Act:
    """A request of an attacker to the published portal. KeyError for an unknown kind."""
    pattern = INJECTIONS[kind]

    @contextmanager
    def act(platform: Platform, _people: People) -> Iterator[Expected]:
        proxy, word = one_of(platform, PROXIES), nonce()
        attacker = visited(platform, pattern.format(nonce=word))
        yield Expected(kind, frozenset({proxy.name}), WEB, str(attacker.address), trace=word)

    return act


@contextmanager
def erased(platform: Platform, _people: People) -> Iterator[Expected]:
    """The requests that the reverse proxy has answered are wiped out of its log."""
    proxy = one_of(platform, PROXIES)
    if platform.remote.run(proxy.name, f"test -s {REQUESTS}").rc != 0:
        visited(platform, "/")
        # On a site that nobody has visited yet: what the watcher never saw it cannot miss.
        time.sleep(LOOKED_AT_S)
    with platform.traces.emptied(proxy.name, REQUESTS):
        yield Expected("log-erased", frozenset({proxy.name}), ERASED, trace=REQUESTS)


def visited(platform: Platform, target: str) -> Host:
    """Ask the published portal for something from the Internet; who asked. Inconclusive if it does not answer."""
    visitor = platform.site.sondes()[INTERNET]
    name = f"webmail.{platform.site.variables['site_mail_domain']}"
    script = REQUEST.format(name=name, address=outside(platform), url=shlex.quote(f"https://{name}{target}"))
    done = platform.remote.run(visitor.name, script)
    if done.rc != 0:
        raise Inconclusive(f"{visitor.name} : le portail n'a pas répondu (curl {done.rc})")
    return visitor


@contextmanager
def tunnelled(platform: Platform, _people: People) -> Iterator[Expected]:
    """Data hidden in the names that a desk asks for."""
    desk, server, word = one_of(platform, WORKSTATIONS), platform.directory.servers[0], nonce()
    names = [f"{random.randbytes(24).hex()}.{word}.example" for _ in range(QUESTIONS)]  # noqa: S311 - no secret
    resolve(platform.remote, {desk.name: [Question(str(server.address), name) for name in names]})
    firewall = platform.active(2)
    yield Expected("dns-tunnel", frozenset({firewall.name}), TUNNEL, str(desk.address), trace=word)


def knock(platform: Platform, origin: Host, address: str, count: int) -> Sequence[int]:
    """Knock at so many closed ports; which ones. Inconclusive if the knocks did not leave."""
    ports = random.sample(UNUSED, count)
    told = platform.remote.python(origin.name, source("siem/knock"), {"address": address, "ports": ports, "pace": PACE})
    if told["sent"] != count:
        raise Inconclusive(f"{origin.name} : {told['sent']} essais partis sur {count}")
    return ports


def outside(platform: Platform) -> str:
    """The published address of the site, by its first access."""
    site = platform.site
    found = [str(address) for zone, address in site.vips[GATEWAYS].items() if site.zone(zone).role == "operateur"]
    if not found:
        raise Inconclusive("Le site n'a pas d'adresse publiée")
    return found[0]
