"""What role siem_wazuh writes, against what the driver expects and against the lines that the hosts write.

Nothing here proves that Wazuh takes it: its patterns are of PCRE2, of which Python's are a part.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jinja2
import pytest
from ruamel.yaml import YAML

from recette.probes.siem.wazuh_form import KINDS, alert
from recette.trials.siem import directory, guesses, intrusions, mails, wires

ROLES = Path(__file__).parents[2] / "roles"
ROLE = ROLES / "siem_wazuh"
PRIVATE = YAML(typ="safe").load(ROLE / "vars" / "main.yml")
DEFAULTS = YAML(typ="safe").load(ROLE / "defaults" / "main.yml")
WATCHED = YAML(typ="safe").load(ROLES / "journaux" / "defaults" / "main.yml")["journaux_watched"]
OWN = 100000
"""Least number of a rule that Wazuh does not have itself."""
SITE: Mapping[str, Any] = {
    **DEFAULTS,
    "ansible_managed": "managed",
    "__siem_wazuh_limits": PRIVATE["__siem_wazuh_default_limits"],
    "__siem_wazuh_bare_programs": PRIVATE["__siem_wazuh_bare_programs"],
    "__siem_wazuh_poster": PRIVATE["__siem_wazuh_poster"],
    "inventory_hostname": "bkp1",
    "siem_authorised_scanners": ["10.94.40.11"],
    "siem_production": ["10.94.231.0/24", "10.94.170.0/24"],
    "siem_mail_from": "siem@cenexis.example",
    "siem_mail_to": "astreinte@cenexis.example",
    "siem_wazuh_manager": "siem1.fsb.cenexis.example",
    "siem_wazuh_admin_name": "wazuh-admin.siem1",
    "siem_wazuh_trust": "/etc/site-pki/ca.pem",
    "siem_wazuh_watched": WATCHED,
    "siem_wazuh_files": [
        {"path": "/var/log/samba/audit.json", "program": "samba"},
        {"path": "/var/log/nginx/access.log", "program": "nginx"},
    ],
}
TECHNIQUES = {
    "ssh-guessing": guesses.BRUTE,
    "password-spray": guesses.SPRAY,
    "vpn-guessing": guesses.BRUTE,
    "sip-guessing": guesses.BRUTE,
    "file-changed": intrusions.CHANGED,
    "malware": intrusions.VIRUS,
    "malware-mail": mails.ATTACHED,
    "listener": intrusions.LISTENER,
    "log-silence": intrusions.SILENCED,
    "log-erased": wires.ERASED,
    "clock-moved": intrusions.IMPAIRED,
    "account-created": directory.CREATED,
    "domain-admin": directory.ADDED,
    "port-scan": wires.SCAN,
    "sql-injection": wires.WEB,
    "path-traversal": wires.WEB,
    "dns-tunnel": wires.TUNNEL,
    "conduit": wires.CONDUIT,
}
"""Kinds of which the features name the technique, but those of sudo, where Wazuh's own rule has it."""


AWKWARD = {name: f"\"{name}: {{#'" for name in ("admin", "kibanaserver", "wazuh-wui")}
"""Passwords that are no plain YAML."""


def written(name: str) -> ET.Element:
    """A template of the role, filled in for a site, read as XML."""
    return parsed(filled(name))


def filled(name: str) -> str:
    """A template of the role, filled in for a site."""
    environment = jinja2.Environment(  # noqa: S701 - escaped by the templates themselves, as Ansible does it
        loader=jinja2.FileSystemLoader(ROLE / "templates"), trim_blocks=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template(name).render(**SITE)


def settings(name: str) -> Any:
    """A template of the role that is YAML, filled in and read."""
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(ROLE / "templates"), trim_blocks=True)  # noqa: S701
    environment.filters |= {"comment": lambda text: f"# {text}", "to_json": json.dumps}
    return YAML(typ="safe").load(environment.get_template(name).render(**SITE, siem_wazuh_passwords=AWKWARD))


def parsed(text: str) -> ET.Element:
    """Elements that stand beside each other, as Wazuh reads them."""
    return ET.fromstring(f"<all>{text}</all>")  # noqa: S314 - a file of the project


RULES = {rule.get("id", ""): rule for rule in written("regles.xml.j2").iter("rule")}
DECODERS = parsed((ROLE / "templates" / "decodeurs.xml.j2").read_text(encoding="utf-8"))


def decoded(program: str, line: str) -> dict[str, str]:
    """Fields that the decoders of the role find in a line of a program."""
    parents = {"sshd": "^sshd", "postfix": "^postfix"}
    for decoder in DECODERS.iter("decoder"):
        if name := decoder.findtext("program_name"):
            parents[decoder.get("name", "")] = name
    for decoder in DECODERS.iter("decoder"):
        parent, pattern = decoder.findtext("parent"), decoder.findtext("regex")
        if parent and pattern and re.search(parents[parent], program) and (found := re.search(pattern, line)):
            names = [name.strip() for name in decoder.findtext("order", "").split(",")]
            assert len(names) == found.re.groups, decoder.get("name")
            return dict(zip(names, found.groups(), strict=True))
    return {}


def own(numbers: Iterator[str]) -> set[str]:
    return {number for number in numbers if int(number) >= OWN}


def test_the_driver_knows_every_rule_of_the_role_that_alarms() -> None:
    alarming = {number for number, rule in RULES.items() if int(rule.get("level", "0")) > 1}
    assert own(number for numbers in KINDS.values() for number in numbers) == alarming


def test_wazuh_could_read_it_which_knows_no_entities() -> None:
    for text in (filled("regles.xml.j2"), (ROLE / "templates" / "decodeurs.xml.j2").read_text(encoding="utf-8")):
        assert "&" not in text


def test_rules_have_numbers_of_their_own() -> None:
    told = [rule.get("id") for rule in written("regles.xml.j2").iter("rule")]
    assert len(told) == len(set(told))
    assert all(OWN <= int(number or 0) < 2 * OWN for number in told)


@pytest.mark.parametrize("kind", TECHNIQUES)
def test_each_kind_has_a_rule_with_the_technique_of_the_feature(kind: str) -> None:
    found = [RULES[number].findtext("mitre/id") for number in own(iter(KINDS[kind]))]
    assert found
    assert set(found) == {TECHNIQUES[kind]}


def test_alarms_reach_the_people_on_call() -> None:
    least = SITE["siem_wazuh_mail_level"]
    assert all(
        int(RULES[number].get("level", "0")) >= least for kind in TECHNIQUES for number in own(iter(KINDS[kind]))
    )


def test_what_is_counted_can_be_counted() -> None:
    counted = {sid for rule in RULES.values() if (sid := rule.findtext("if_matched_sid"))}
    assert counted
    for number in counted:
        assert RULES[number].get("level") == "1"
        assert RULES[number].findtext("options") == "no_log"


def test_rules_stand_on_decoders_and_rules_that_exist() -> None:
    names = {decoder.get("name") for decoder in DECODERS.iter("decoder")}
    for rule in RULES.values():
        assert rule.findtext("description")
        base = rule.findtext("decoded_as")
        assert base is None or base in names
        for number in re.findall(r"\d+", f"{rule.findtext('if_sid', '')} {rule.findtext('if_matched_sid', '')}"):
            assert int(number) < OWN or number in RULES


def test_fields_that_rules_ask_for_are_decoded() -> None:
    decoded_names = {
        name.strip() for decoder in DECODERS.iter("decoder") for name in decoder.findtext("order", "").split(",")
    }
    asked = {field.get("name", "") for rule in RULES.values() for field in rule.iter("field")}
    # Of Suricata's JSON, which Wazuh decodes by itself.
    assert asked - {"alert.signature_id"} <= decoded_names


SAMBA_LOGON = (
    '{"timestamp": "2026-11-26T10:00:00", "type": "Authentication", "Authentication": {"eventId": 4625, "status": '
    '"NT_STATUS_WRONG_PASSWORD", "localAddress": "ipv4:10.94.30.11:636", "remoteAddress": "ipv4:10.94.130.100:40122", '
    '"clientDomain": null, "clientAccount": "jm@ad.cenexis.example"}}'
)
SAMBA_GROUP = (
    '{"type": "groupChange", "groupChange": {"eventId": 4728, "statusCode": 0, "action": "Added", "remoteAddress": '
    '"ipv4:10.94.40.11:51000", "userSid": "S-1-5-21-1-2-3-500", "group": "CN=Domain Admins,CN=Users,DC=ad", '
    '"user": "CN=x,DC=ad"}}'
)
SAMBA_OBJECT = (
    '{"type": "dsdbChange", "dsdbChange": {"statusCode": 0, "operation": "Add", "remoteAddress": "ipv4:10.94.40.11:5", '
    '"performedAsSystem": false, "userSid": "S-1-5-21-1-2-3-500", "dn": "CN=x,DC=ad", "attributes": {"objectClass": '
    '{"actions": [{"action": "add", "values": [{"value": "user"}]}]}}}}'
)
INFECTED = (
    '4cB1x: milter-reject: END-OF-MESSAGE from mx.partenaire.example[192.0.2.40]: 5.7.1 virus found: "Site.Eicar"; '
    "from=<x@partenaire.example> to=<jm@cenexis.example> proto=ESMTP helo=<mx.partenaire.example>"
)
DROP = "drop level=2 reason=defaut-transit in=b30 source=10.94.231.100 target=10.94.30.21 protocol=tcp port=25"
LINES: dict[str, tuple[str, str, str, tuple[str, str, str, str]]] = {
    "conduit": ("pare-feu", DROP, "100406", ("fw-int-1", "10.94.231.100", "", "10.94.30.21 tcp/25")),
    "log-erased": (
        "effacement",
        "log act=truncated bytes=7 path=/var/log/nginx/access.log",
        "100413",
        ("fw-int-1", "", "", "/var/log/nginx/access.log"),
    ),
    "malware": (
        "antivirus",
        "found virus=Site.Eicar owner=jm path=/srv/x y",
        "100414",
        ("fw-int-1", "", "jm", "/srv/x y"),
    ),
    "listener": (
        "ecoute",
        "listening protocol=tcp port=4444 user=0 program=python3",
        "100407",
        ("fw-int-1", "", "0", "tcp/4444"),
    ),
    "vpn-guessing": (
        "freeradius",
        "refused: user=jm gateway=fw-ext-1 for=logon reason=wrong code from=192.0.2.66[4500]",
        "100402",
        ("fw-ext-1", "192.0.2.66", "jm", ""),
    ),
    "sip-guessing": (
        "asterisk-bannissement",
        "banned: address=10.94.50.102 failures=5 window_s=60 for_s=600 accounts=1001,1002",
        "100403",
        ("fw-int-1", "10.94.50.102", "1001", ""),
    ),
    "password-spray": ("samba", SAMBA_LOGON, "100401", ("fw-int-1", "10.94.130.100", "jm", "")),
    "domain-admin": ("samba", SAMBA_GROUP, "100405", ("fw-int-1", "10.94.40.11", "S-1-5-21-1-2-3-500", "CN=x,DC=ad")),
    "account-created": (
        "samba",
        SAMBA_OBJECT,
        "100404",
        ("fw-int-1", "10.94.40.11", "S-1-5-21-1-2-3-500", "CN=x,DC=ad"),
    ),
    "malware-mail": (
        "postfix/cleanup",
        INFECTED,
        "100409",
        ("fw-int-1", "192.0.2.40", "jm@cenexis.example", "x@partenaire.example"),
    ),
    "ssh-guessing": (
        "sshd",
        "drop connection #0 from [10.94.30.12]:40001 on [10.94.30.21]:22 penalty: failed authentication",
        "100411",
        ("fw-int-1", "10.94.30.12", "", ""),
    ),
}
"""Kind -> a line as a program of the site writes it, the rule that speaks of it, and host, source, user and object."""


@pytest.mark.parametrize("kind", LINES)
def test_a_line_of_the_site_becomes_what_the_feature_expects(kind: str) -> None:
    program, line, number, wanted = LINES[kind]
    fields = decoded(program, line)
    assert fields, "no decoder of the role reads it"
    source = {
        "id": "1",
        "timestamp": "2026-11-26T10:00:03.412+0100",
        "rule": {"id": number, "level": int(RULES[number].get("level", "0"))},
        "agent": {"name": "fw-int-1"},
        "data": fields,
        "full_log": line,
    }
    told = alert({"_source": source})
    assert told.kind == kind
    assert (told.host, told.source_ip, told.user, told.object) == wanted


@pytest.mark.parametrize(
    ("program", "line"),
    [
        ("samba", SAMBA_LOGON.replace("clientAccount", "other")),
        ("postfix/smtpd", "NOQUEUE: reject: RCPT from unknown[192.0.2.40]: 554 Relay access denied"),
        ("antivirus", "unscanned error=ConnectionRefusedError path=/srv/x"),
        ("horloge", "clock now=1795687203"),
    ],
)
def test_other_lines_are_not_read(program: str, line: str) -> None:
    assert decoded(program, line) == {}


def test_what_the_rules_ask_of_the_directory_is_what_it_writes() -> None:
    for number, line in (("100404", SAMBA_OBJECT), ("100405", SAMBA_GROUP), ("100422", SAMBA_LOGON)):
        fields = decoded("samba", line)
        for field in RULES[number].iter("field"):
            assert re.search(field.text or "", fields[field.get("name", "")]), (number, field.get("name"))
    other = decoded("samba", SAMBA_GROUP.replace("Domain Admins", "metier"))
    (group,) = [field for field in RULES["100405"].iter("field") if field.get("name") == "group"]
    assert not re.search(group.text or "", other["group"])


@pytest.mark.parametrize(("kind", "number"), [("sql-injection", "100418"), ("path-traversal", "100419")])
def test_the_attacks_of_the_features_are_seen_in_the_address(kind: str, number: str) -> None:
    pattern = RULES[number].findtext("url") or ""
    assert re.search(pattern, wires.INJECTIONS[kind].format(nonce="x"))
    assert not re.search(pattern, "/?_task=mail&_search=select%20from%20the%20union...")


@pytest.mark.parametrize("template", ["ossec-agent.conf.j2", "ossec-manager.conf.j2"])
def test_the_folders_of_the_other_engine_are_watched_in_real_time(template: str) -> None:
    (settings,) = written(template).iter("ossec_config")
    live = [each.text for each in settings.iterfind("syscheck/directories") if each.get("realtime") == "yes"]
    assert live == WATCHED
    formats = {each.findtext("location"): each.findtext("out_format") for each in settings.iterfind("localfile")}
    assert formats["/var/log/samba/audit.json"] == "$(timestamp) $(hostname) samba: $(log)"
    assert formats["/var/log/nginx/access.log"] is None


def test_an_agent_is_lost_later_than_it_tells_its_life() -> None:
    manager, agent = written("ossec-manager.conf.j2"), written("ossec-agent.conf.j2")
    lost = (manager.findtext("ossec_config/global/agents_disconnection_time") or "").removesuffix("s")
    assert int(lost) > int(agent.findtext("ossec_config/client/notify_time") or 0)
    assert manager.findtext("ossec_config/global/logall_json") == "yes"


def test_scans_are_forgiven_to_whom_the_site_names_and_conduits_are_its_networks() -> None:
    assert RULES["100421"].get("level") == "0"
    assert [each.text for each in RULES["100421"].iter("srcip")] == SITE["siem_authorised_scanners"]
    assert [each.text for each in RULES["100406"].iter("srcip")] == SITE["siem_production"]


def test_the_archives_reach_the_indexer_whatever_the_password_is() -> None:
    shipper = settings("filebeat.yml.j2")
    (module,) = shipper["filebeat.modules"]
    assert module["archives"]["enabled"] is True
    assert shipper["output.elasticsearch"]["password"] == AWKWARD["admin"]
    assert settings("opensearch_dashboards.yml.j2")["opensearch.password"] == AWKWARD["kibanaserver"]
    assert settings("wazuh.yml.j2")["hosts"][0]["site"]["password"] == AWKWARD["wazuh-wui"]


def test_the_indexer_knows_its_administrator_by_the_certificate() -> None:
    indexer = settings("opensearch.yml.j2")
    assert indexer["plugins.security.nodes_dn"] == ["CN=siem1.fsb.cenexis.example,O=CENEXIS"]
    assert indexer["plugins.security.authcz.admin_dn"] == ["CN=wazuh-admin.siem1,O=CENEXIS"]
