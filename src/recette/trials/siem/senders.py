"""Whose events the collector takes: those of the hosts that it knows, each by its own certificate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from recette.errors import Inconclusive
from recette.platform import Platform
from recette.probes.agents import source
from recette.probes.siem import Event
from recette.trials.siem.coverage import collector
from recette.trials.siem.intrusions import BACKUP
from recette.trials.siem.watch import nonce
from recette.waiting import wait_until

PORT, LIMIT_S = 6514, 5.0
TRUST, OWN = "/etc/site-pki/ca.pem", "/etc/site-pki/journaux"
ENGINE = "embedded"
SELF_SIGNED = (
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN={name} "
    "-addext subjectAltName=DNS:{name} -keyout - -out - 2>/dev/null"
)
Outcome = Literal["accepted", "refused", "unreachable"]


@dataclass(frozen=True, slots=True)
class Offered:
    """What the collector did with an event, and with that of the host's own certificate just afterwards."""

    outcome: Outcome
    detail: str
    kept: tuple[Event, ...]
    witness: Outcome


def offered(platform: Platform, words: str) -> Offered:
    """Offer an event with a certificate that the collector must not take. KeyError for unknown words."""
    if platform.siem.name != ENGINE:
        raise Inconclusive(
            f"Le moteur {platform.siem.name} ne reçoit pas ses événements par RELP : à éprouver autrement"
        )
    borrowed = f"{BACKUP}.{platform.site.dns}"
    pair = {
        "une autorité étrangère": lambda: _foreign(platform, borrowed),
        "l'autorité du site, au nom d'un hôte inconnu": lambda: _unknown(platform),
    }[words]()
    siem, word, control = platform.siem, nonce(), nonce()
    since = siem.mark()
    outcome, detail = _offer(platform, pair, word)
    witness, said = _offer(platform, (f"{OWN}.pem", f"{OWN}.key"), control)
    if witness != "accepted":
        raise Inconclusive(f"Le collecteur ne prend pas non plus les événements de {BACKUP} ({said})")
    # What came before it would be there by then.
    wait_until(lambda: bool(siem.events(since, control)), LIMIT_S, "L'événement témoin, dans l'archive")
    return Offered(outcome, detail, tuple(siem.events(since, word)), witness)


def _offer(platform: Platform, pair: tuple[str, str], message: str) -> tuple[Outcome, str]:
    host = collector(platform)
    payload = {
        "address": str(host.address),
        "port": PORT,
        "name": f"{host.name}.{platform.site.dns}",
        "ca": TRUST,
        "certificate": pair[0],
        "key": pair[1],
        "message": message,
        "limit_s": LIMIT_S,
    }
    told = platform.remote.python(BACKUP, source("siem/relp"), payload)
    return told["outcome"], str(told["detail"])


def _foreign(platform: Platform, name: str) -> tuple[str, str]:
    """The right name, signed by nobody that the site trusts."""
    done = platform.remote.run(BACKUP, SELF_SIGNED.format(name=name))
    place = done.stdout.find("-----BEGIN CERTIFICATE")
    if done.rc != 0 or place < 0:
        raise Inconclusive(f"{BACKUP} : certificat étranger non créé ({done.stderr.strip()})")
    return done.stdout[place:], done.stdout[:place]


def _unknown(platform: Platform) -> tuple[str, str]:
    """A good certificate of the site, of a host that sends no events."""
    credential = platform.authority.sign(f"inconnu.{platform.site.dns}")
    return credential.certificate, credential.key
