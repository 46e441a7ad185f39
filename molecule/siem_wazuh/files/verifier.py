"""Reads what role siem_wazuh wrote on this host, and prints what is not as it should be: verifier.py manager|agent."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

HOME = Path("/var/ossec/etc")
WATCHED = {"/boot", "/etc", "/root/.ssh", "/usr/local", "/var/spool/cron"}
MANAGER = {
    "global/logall_json": "yes",
    "global/email_notification": "yes",
    "global/email_to": "astreinte@molecule.example",
    "global/smtp_server": "/usr/local/lib/siem-wazuh/poster",
    "global/agents_disconnection_time": "20s",
    "alerts/email_alert_level": "7",
    "auth/use_password": "yes",
}
AGENT = {
    "client/server/address": "siem1.molecule.example",
    "client/notify_time": "5",
    "client/enrollment/agent_name": "bastion",
    "client/enrollment/server_ca_path": "/etc/site-pki/ca.pem",
}
LOCATIONS = {
    "journald": ("journald", None),
    "/var/log/samba/audit.json": ("syslog", "$(timestamp) $(hostname) samba: $(log)"),
    "/var/log/nginx/access.log": ("syslog", None),
}


def parsed(path: Path) -> ET.Element:
    """What a file holds; several elements may stand beside each other."""
    return ET.fromstring(f"<all>{path.read_text(encoding='utf-8')}</all>")  # noqa: S314 - what the role itself wrote


def problems(part: str) -> Iterator[str]:
    """One line for each thing that is wrong."""
    settings = parsed(HOME / "ossec.conf")
    for path, wanted in (MANAGER if part == "manager" else AGENT).items():
        if settings.findtext(f"ossec_config/{path}") != wanted:
            yield f"{path}: {settings.findtext(f'ossec_config/{path}')} instead of {wanted}"
    live = {
        each.text for each in settings.iterfind("ossec_config/syscheck/directories") if each.get("realtime") == "yes"
    }
    if live != WATCHED:
        yield f"watched in real time: {sorted(map(str, live))}"
    read = {
        each.findtext("location"): (each.findtext("log_format"), each.findtext("out_format"))
        for each in settings.iterfind("ossec_config/localfile")
    }
    if read != LOCATIONS:
        yield f"read: {read}"
    if part == "manager":
        for path in (*HOME.glob("decoders/*.xml"), *HOME.glob("rules/*.xml")):
            parsed(path)
            if (path.group(), path.stat().st_mode & 0o777) != ("wazuh", 0o660):
                yield f"{path}: {path.group()} {path.stat().st_mode:o}"
        rules = parsed(HOME / "rules" / "recette_rules.xml")
        conduit = rules.find(".//rule[@id='100406']/srcip")
        if conduit is None or conduit.text != "10.94.231.0/24":
            yield "the rule of conduits does not name the production network"


if __name__ == "__main__":
    sys.exit("\n".join(problems(sys.argv[1])) or None)
