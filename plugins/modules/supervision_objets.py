#!/usr/bin/python3
"""Bring what a Zabbix server watches, and whom it tells, to what is declared, through its API."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: supervision_objets
short_description: Templates, hosts, media, on-call user and action of a Zabbix server
description:
  - Logs on as the administrator, giving him his password the first time; compares and writes, in few calls however many
    hosts there are. Objects of other names are left alone, but hosts of the group that are no longer declared go.
  - The key of a host cannot be read back; a fingerprint of it is kept as a macro of the host.
options:
  url: {description: Address of the API., type: str, required: true}
  ca: {description: File of the authority that signed its certificate., type: path, required: true}
  password: {description: Password of the administrator (Admin)., type: str, required: true}
  configuration:
    description: Templates as `zabbix_export` holds them, without uuid; each gets one derived from its names.
    type: dict
    required: true
  hosts:
    description: Hosts to watch (name, title, groups, templates, address, port, macros, identity, key).
    type: list
    elements: dict
    required: true
  media:
    description: Media types, as the API describes them; `sendto` is where on call receives.
    type: list
    elements: dict
    required: true
  group: {description: Host group of everything that is watched., type: str, required: true}
  oncall: {description: Name of the user on call and of his user group and action., type: str, required: true}
  oncall_password: {description: His password., type: str, required: true}
  severities: {description: Names of the six severities., type: list, elements: str, required: true}
author: [recette]
"""

EXAMPLES = r"""
- name: Make the objects of the supervision
  supervision_objets:
    url: https://sup1.fsb.cenexis.example/api_jsonrpc.php
    ca: /etc/site-pki/ca.pem
    password: "{{ lookup('recette_secret', 'supervision/administrateur') }}"
    group: Site
    oncall: astreinte
"""

RETURN = r"""
changes:
  description: What was made or changed, or would be in check mode.
  type: list
  returned: always
"""

import hashlib  # noqa: E402 - Ansible wants the documentation first
import json  # noqa: E402
import ssl  # noqa: E402
import urllib.request  # noqa: E402
from typing import Any  # noqa: E402

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

ADMINISTRATOR, FIRST_PASSWORD = "Admin", "zabbix"
AGENT, PSK, MAIN = "1", "2", "1"
PRINT = "{$EMPREINTE}"
READ, ALL_SEVERITIES, ALWAYS = "2", "63", "1-7,00:00-24:00"
WARNING, AT_LEAST, SEVERITY = "2", "5", "4"
RULES = {
    "template_groups": {"createMissing": True, "updateExisting": True},
    "templates": {"createMissing": True, "updateExisting": True},
    **{
        kind: {"createMissing": True, "updateExisting": True, "deleteMissing": True}
        for kind in ("items", "triggers", "discoveryRules", "valueMaps")
    },
}
IDENTIFIED = ("template_groups", "templates", "items", "triggers", "discovery_rules", "item_prototypes")
IDENTIFIED += ("trigger_prototypes", "valuemaps")
Object = dict[str, Any]


class RefusedError(Exception):
    """The API answered with an error."""


class Api:
    """Calls to the JSON-RPC API of one server."""

    def __init__(self, url: str, ca: str) -> None:
        self.url = url
        self.context = ssl.create_default_context(cafile=ca)
        self.token = ""

    def __call__(self, method: str, parameters: Any) -> Any:
        headers = {"Content-Type": "application/json-rpc"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        body = json.dumps({"jsonrpc": "2.0", "method": method, "params": parameters, "id": 1}).encode()
        request = urllib.request.Request(self.url, body, headers)  # noqa: S310 - the caller's own https address
        with urllib.request.urlopen(request, context=self.context, timeout=120) as answer:  # noqa: S310
            told = json.load(answer)
        if "error" in told:
            raise RefusedError(f"{method}: {told['error']['message']} {told['error']['data']}")
        return told["result"]

    def log_on(self, password: str) -> bool:
        """As the administrator; whether he had the password of a new installation, which is changed."""
        try:
            self.token = self("user.login", {"username": ADMINISTRATOR, "password": password})
        except RefusedError:
            self.token = self("user.login", {"username": ADMINISTRATOR, "password": FIRST_PASSWORD})
            return True
        return False


def identified(value: Any, path: str = "") -> Any:
    """A copy in which each object that must bear a uuid has one: version 4 in form, derived from the names above it."""
    if isinstance(value, dict):
        return {key: _listed(key, each, path) for key, each in value.items()}
    return [identified(each, path) for each in value] if isinstance(value, list) else value


def _listed(kind: str, value: Any, path: str) -> Any:
    # The groups of a template name it without being it.
    if kind not in IDENTIFIED or not isinstance(value, list):
        return identified(value, path)
    found = []
    for each in value:
        name = each.get("template") or each.get("key") or each["name"]
        digest = hashlib.md5(f"{path}/{kind}/{name}".encode(), usedforsecurity=False).hexdigest()
        uuid = f"{digest[:12]}4{digest[13:16]}{'89ab'[int(digest[16], 16) % 4]}{digest[17:]}"
        found.append({"uuid": uuid, **identified(each, f"{path}/{kind}/{name}")})
    return found


def differs(wanted: Any, present: Any) -> bool:
    """Whether something that is declared is otherwise; what the server adds to it is not looked at."""
    if isinstance(wanted, dict):
        return not isinstance(present, dict) or any(differs(each, present.get(key)) for key, each in wanted.items())
    if isinstance(wanted, list):
        if not isinstance(present, list) or len(wanted) != len(present):
            return True
        return any(all(differs(each, other) for other in present) for each in wanted)
    return plain(wanted) != plain(present)


def plain(value: Any) -> str:
    """A scalar as the API gives it back: its line ends and its edges may have changed."""
    return str(value).replace("\r\n", "\n").strip()


def significant(difference: Any) -> bool:
    """Whether an answer of importcompare tells a change; it also tells lists that only stand in another order."""
    for change in difference.values() if isinstance(difference, dict) else ():
        if change.get("added") or change.get("removed"):
            return True
        for each in change.get("updated", ()):
            nested = {kind: inner for kind, inner in each.items() if kind not in ("before", "after")}
            if unordered(each.get("before")) != unordered(each.get("after")) or significant(nested):
                return True
    return False


def unordered(value: Any, kind: str = "") -> Any:
    """A copy in which the order of a list says nothing, but for steps and their parameters."""
    if isinstance(value, dict):
        return {key: unordered(each, key) for key, each in value.items() if key != "uuid"}
    if isinstance(value, list):
        found = [unordered(each) for each in value]
        return found if kind in ("preprocessing", "parameters") else sorted(found, key=json.dumps)
    return value


class Server:
    """What a server holds; `changes` tells what was written, or would be."""

    def __init__(self, api: Api, *, dry: bool) -> None:
        self.api = api
        self.dry = dry
        self.changes: list[str] = []

    def write(self, what: str, method: str, parameters: Any) -> Any:
        self.changes.append(what)
        return None if self.dry else self.api(method, parameters)

    def templates(self, configuration: Object) -> None:
        source = json.dumps({"zabbix_export": identified(configuration)})
        asked = {"format": "json", "rules": RULES, "source": source}
        if significant(self.api("configuration.importcompare", asked)):
            self.write("templates", "configuration.import", asked)

    def ids(self, kind: str, names: list[str], key: str, name: str = "name") -> dict[str, str]:
        """Identifier of each object of a kind, by its name; absent ones are left out."""
        told = self.api(f"{kind}.get", {"output": [key, name], "filter": {name: names}})
        return {each[name]: each[key] for each in told}

    def groups(self, names: list[str]) -> dict[str, str]:
        missing = sorted(set(names) - set(self.ids("hostgroup", names, "groupid")))
        if missing:
            self.write("host groups", "hostgroup.create", [{"name": name} for name in missing])
        return self.ids("hostgroup", names, "groupid")

    def hosts(self, declared: list[Object], group: str) -> None:
        """One call for all that are new, one for all that differ, one for all that go."""
        groups = self.groups(sorted({name for host in declared for name in host["groups"]} | {group}))
        names = sorted({name for host in declared for name in host["templates"]})
        templates = self.ids("template", names, "templateid", "host")
        if self.dry and not (set(names) <= set(templates) and group in groups):
            self.changes.append("hosts")
            return
        asked: Object = {
            "output": ["host", "name", "status", "tls_connect", "tls_accept"],
            "groupids": [groups[group]],
            "selectHostGroups": ["groupid"],
            "selectParentTemplates": ["templateid"],
            "selectInterfaces": ["interfaceid", "type", "main", "useip", "ip", "dns", "port"],
            "selectMacros": ["macro", "value"],
        }
        present = {each["host"]: each for each in self.api("host.get", asked)}
        wanted = {host["name"]: self.host(host, group, groups, templates) for host in declared}
        new = [host for name, host in wanted.items() if name not in present]
        gone = [each["hostid"] for name, each in present.items() if name not in wanted]
        changed = [self.changed(host, present[name]) for name, host in wanted.items() if name in present]
        for method, many in (("create", new), ("update", [each for each in changed if each]), ("delete", gone)):
            if many:
                told = [each if isinstance(each, str) else each["host"] for each in many]
                self.write(f"hosts: {method} {' '.join(told)}", f"host.{method}", many)

    @staticmethod
    def host(given: Object, group: str, groups: dict[str, str], templates: dict[str, str]) -> Object:
        """A host as the API describes it."""
        key = given.get("key") or ""
        macros = dict(given.get("macros") or {})
        if key:
            macros[PRINT] = hashlib.sha256(key.encode()).hexdigest()[:16]
        host: Object = {
            "host": given["name"],
            "name": given.get("title") or given["name"],
            "status": "0",
            "groups": [{"groupid": groups[name]} for name in sorted({group, *given["groups"]})],
            "templates": [{"templateid": templates[name]} for name in given["templates"]],
            "macros": [{"macro": macro, "value": str(value)} for macro, value in sorted(macros.items())],
            "interfaces": [],
        }
        if given.get("address"):
            interface = {"type": AGENT, "main": MAIN, "useip": "1", "ip": given["address"], "dns": ""}
            host["interfaces"] = [interface | {"port": str(given.get("port") or 10050)}]
        if key:
            host |= {"tls_connect": PSK, "tls_accept": PSK, "tls_psk_identity": given["identity"], "tls_psk": key}
        return host

    @staticmethod
    def changed(wanted: Object, present: Object) -> Object | None:
        """The host to write if it is otherwise than declared: its keys can only be written, so they go along."""
        renamed = present | {"groups": present["hostgroups"], "templates": present["parentTemplates"]}
        seen = {key: each for key, each in wanted.items() if not key.startswith("tls_psk")}
        if not differs(seen, renamed):
            return None
        known = present["interfaces"][0]["interfaceid"] if present["interfaces"] else None
        interfaces = [each | ({"interfaceid": known} if known else {}) for each in wanted["interfaces"]]
        return wanted | {"hostid": present["hostid"], "interfaces": interfaces}

    def media(self, declared: list[Object]) -> None:
        for given in declared:
            wanted = {key: each for key, each in given.items() if key != "sendto"}
            asked = {"output": "extend", "selectMessageTemplates": "extend", "filter": {"name": given["name"]}}
            present = self.api("mediatype.get", asked)
            if not present:
                self.write(f"media {given['name']}", "mediatype.create", wanted)
            elif differs(wanted, present[0]):
                identity = {"mediatypeid": present[0]["mediatypeid"]}
                self.write(f"media {given['name']}", "mediatype.update", wanted | identity)

    def oncall(self, name: str, password: str, declared: list[Object], group: str) -> None:
        """The user group, the user and the action by which on call is told."""
        media = self.ids("mediatype", [each["name"] for each in declared], "mediatypeid")
        groups = self.ids("hostgroup", [group], "groupid")
        if self.dry and not (len(media) == len(declared) and groups):
            self.changes.append("on call")
            return
        rights = {"name": name, "hostgroup_rights": [{"id": groups[group], "permission": READ}]}
        team = self.one("usergroup", "usrgrpid", rights, {"selectHostGroupRights": "extend"})
        (role,) = self.ids("role", ["User role"], "roleid").values()
        fixed = {"active": "0", "severity": ALL_SEVERITIES, "period": ALWAYS}
        sent = [{"mediatypeid": media[each["name"]], "sendto": each["sendto"], **fixed} for each in declared]
        user = {"username": name, "roleid": role, "usrgrps": [{"usrgrpid": team}], "medias": sent}
        selects = {"selectMedias": "extend", "selectUsrgrps": "extend"}
        self.one("user", "userid", user, selects, name="username", hidden={"passwd": password})
        message: Object = {"opmessage": {"default_msg": "1"}}
        told = {"operationtype": "0", "opmessage_grp": [{"usrgrpid": team}], **message}
        action = {
            "name": name,
            "eventsource": "0",
            "status": "0",
            "esc_period": "1h",
            "pause_suppressed": "1",
            "filter": {
                "evaltype": "0",
                "conditions": [{"conditiontype": SEVERITY, "operator": AT_LEAST, "value": WARNING}],
            },
            "operations": [told],
            "recovery_operations": [{"operationtype": "11", **message}],
        }
        selects = {"selectFilter": "extend", "selectOperations": "extend", "selectRecoveryOperations": "extend"}
        self.one("action", "actionid", action, selects)

    def one(  # noqa: PLR0913 - an object, how it is found, and what can only be written
        self,
        kind: str,
        key: str,
        wanted: Object,
        selects: Object,
        *,
        name: str = "name",
        hidden: Object | None = None,
    ) -> str:
        """Make one object, or change it if it is otherwise; its identifier, empty in check mode before it is made."""
        present = self.api(f"{kind}.get", {"output": "extend", "filter": {name: wanted[name]}, **selects})
        if not present:
            told = self.write(f"{kind} {wanted[name]}", f"{kind}.create", wanted | (hidden or {}))
            return told[f"{key}s"][0] if told else ""
        if differs(wanted, present[0]):
            fixed = ("eventsource",) if kind == "action" else ()
            said = {field: each for field, each in wanted.items() if field not in fixed}
            self.write(f"{kind} {wanted[name]}", f"{kind}.update", said | {key: present[0][key]})
        return str(present[0][key])

    def severities(self, names: list[str]) -> None:
        wanted = {f"severity_name_{rank}": name for rank, name in enumerate(names)}
        if differs(wanted, self.api("settings.get", {"output": list(wanted)})):
            self.write("severities", "settings.update", wanted)

    def administrator(self, password: str) -> None:
        (userid,) = self.ids("user", [ADMINISTRATOR], "userid", "username").values()
        changed = {"userid": userid, "passwd": password, "current_passwd": FIRST_PASSWORD}
        self.write("administrator", "user.update", changed)

    def unasked(self) -> None:
        """The host that a new installation watches is none of the site's."""
        found = self.api("host.get", {"output": ["hostid"], "filter": {"host": ["Zabbix server"]}})
        if found:
            self.write("hosts: delete Zabbix server", "host.delete", [each["hostid"] for each in found])


def main() -> None:
    """Compare, then write what differs unless in check mode."""
    required: Object = {"required": True}
    many = {"type": "list", "elements": "dict", "required": True}
    module = AnsibleModule(
        argument_spec={
            "url": {"type": "str", **required},
            "ca": {"type": "path", **required},
            "password": {"type": "str", "no_log": True, **required},
            "configuration": {"type": "dict", **required},
            "hosts": {**many, "no_log": True},
            "media": {**many, "no_log": True},
            "group": {"type": "str", **required},
            "oncall": {"type": "str", **required},
            "oncall_password": {"type": "str", "no_log": True, **required},
            "severities": {"type": "list", "elements": "str", **required},
        },
        supports_check_mode=True,
    )
    given = module.params
    server = Server(Api(given["url"], given["ca"]), dry=module.check_mode)
    try:
        if server.api.log_on(given["password"]):
            server.administrator(given["password"])
            if not module.check_mode:  # whoever changes his password logs on anew
                server.api.log_on(given["password"])
        server.severities(given["severities"])
        server.templates(given["configuration"])
        server.unasked()
        server.hosts(given["hosts"], given["group"])
        server.media(given["media"])
        server.oncall(given["oncall"], given["oncall_password"], given["media"], given["group"])
    except (RefusedError, OSError, ValueError) as error:
        module.fail_json(msg=str(error), changes=server.changes)
    module.exit_json(changed=bool(server.changes), changes=server.changes)


if __name__ == "__main__":
    main()
