"""What Wazuh 4.14 writes, in the common form."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from recette.errors import Inconclusive
from recette.probes.siem.model import Alert, Event

KINDS: Mapping[str, frozenset[str]] = {
    "ssh-guessing": frozenset({"5712", "5720", "5763", "100410", "100411"}),
    "file-changed": frozenset({"550", "553", "554", "100416"}),
    "privilege-used": frozenset({"5402", "5403"}),
    "privilege-refused": frozenset({"5401", "5404", "5405"}),
    "domain-admin": frozenset({"60159", "100405"}),
    "account-created": frozenset({"60109", "100404"}),
    "malware": frozenset({"52502", "100414"}),
    "malware-mail": frozenset({"100409"}),
    "log-erased": frozenset({"592", "593", "100413"}),
    "clock-moved": frozenset({"100408"}),
    "port-scan": frozenset({"4151", "100415"}),
    "sql-injection": frozenset({"31103", "31152", "100418"}),
    "path-traversal": frozenset({"31104", "31153", "100419"}),
    "log-silence": frozenset({"504", "506", "100412"}),
    "password-spray": frozenset({"100401"}),
    "vpn-guessing": frozenset({"100402"}),
    "sip-guessing": frozenset({"100403"}),
    "conduit": frozenset({"100406"}),
    "listener": frozenset({"533", "100407"}),
    "dns-tunnel": frozenset({"100417"}),
}
"""Rules of Wazuh 4.14 (ruleset/rules of its sources), and from 100401 on those that role siem_wazuh adds."""
SURICATA = "86601"
SIGNATURES = {"9400001": "dns-tunnel"}
LEVELS = ((13, "critical"), (10, "high"), (7, "medium"), (4, "low"), (0, "info"))
"""Least level of Wazuh's own classification for each severity."""
SOURCES, USERS = ("srcip", "src_ip"), ("srcuser", "dstuser", "user", "uid")
"""Names of fields, the first one that is there: who acts comes before whom he acts as (sudo tells both)."""
OBJECTS = ("path", "url", "command")


def kind_of(rule: str, data: Mapping[str, Any]) -> str:
    """The kind of an alert; the rule's own number where the common form has no kind for it."""
    if rule == SURICATA:
        return SIGNATURES.get(str(data.get("alert", {}).get("signature_id", "")), f"suricata-{rule}")
    return next((kind for kind, rules in KINDS.items() if rule in rules), f"wazuh-{rule}")


def severity_of(level: int) -> str:
    """Of a level from 0 to 15. Inconclusive for any other."""
    found = next((severity for least, severity in LEVELS if level >= least), None)
    if found is None:
        raise Inconclusive(f"Wazuh : niveau {level} inconnu")
    return found


def alert(hit: Mapping[str, Any]) -> Alert:
    """From a hit of the indexer. Inconclusive if it does not have Wazuh's layout."""
    try:
        told = hit["_source"]
        rule, data, file = told["rule"], told.get("data", {}), told.get("syscheck", {})
        at = instant(told["timestamp"])
        return Alert(
            id=str(told["id"]),
            detected_at=at,
            event_at=at,
            kind=kind_of(str(rule["id"]), data),
            severity=severity_of(int(rule["level"])),
            host=str(data.get("about_host") or told.get("predecoder", {}).get("hostname") or told["agent"]["name"]),
            source_ip=_first(data, SOURCES),
            user=_first(data, USERS) or str(file.get("uname_after", "")),
            object=str(file.get("path") or _first(data, OBJECTS) or _target(data)),
            engine="wazuh",
            engine_rule=str(rule["id"]),
            mitre=tuple(rule.get("mitre", {}).get("id", ())),
            raw=str(told.get("full_log", "")),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Inconclusive(f"Alerte de Wazuh incomprise : {type(error).__name__} {error}") from error


def event(hit: Mapping[str, Any]) -> Event:
    """From a hit of the archives. Inconclusive if it does not have Wazuh's layout."""
    try:
        told = hit["_source"]
        host = told.get("predecoder", {}).get("hostname") or told["agent"]["name"]
        return Event(str(host), str(told["full_log"]))
    except (KeyError, TypeError) as error:
        raise Inconclusive(f"Événement de Wazuh incompris : {type(error).__name__} {error}") from error


def instant(text: str) -> datetime:
    """Of a date as Wazuh writes it: 2026-11-26T10:00:00.123+0100."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")


def _first(data: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next((str(data[name]) for name in names if data.get(name)), "")


def _target(data: Mapping[str, Any]) -> str:
    """Address and port, as the other engine tells them: 10.94.30.11 tcp/445."""
    port = "/".join(str(data[name]) for name in ("protocol", "dstport") if data.get(name))
    return " ".join(part for part in (str(data.get("dstip", "")), port) if part)
