"""The interface of Proxmox VE in front of the cluster: the part of it that the acceptance uses, on port 8006.

Every answer comes from the cluster as it is: Pacemaker, Ceph, QEMU. What is not backed by it answers 501, never a value
made up. A request for another node is passed on to that node, as Proxmox does.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import ssl
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import grappe
import machine
import pve
import qmp
from acces import Access, Caller
from appels import KEY, PORT, USER, connection
from commun import CommandError, nodes, settings
from grappe import Rule
from machine import Guest
from pve import Picture, RefusedError
from stockage import Pool, ceph_status
from taches import Tasks

PREFIX = "/api2/json"
UNREACHABLE, UNBACKED, BAD, FAILED = 595, 501, 400, 500
CLIENT_S, FORWARD_S, MOVE_S, POLL_S = 30.0, 60.0, 150.0, 0.5
LOWEST, HIGHEST = 100, 999_999_999
HA_STATES = {"started": "Started", "enabled": "Started", "stopped": "Stopped", "disabled": "Stopped"}
HA_OPTIONS = ("state", "comment", "max_restart", "max_relocate")
UNLIMITED = {"comment": "", "max_relocate": "1"}
"""Options of which only Proxmox's default is taken: Pacemaker has nothing that corresponds."""

Words = dict[str, str]


@dataclass(frozen=True)
class Request:
    """What a handler is given: parts of the path, parameters, who asks."""

    path: Mapping[str, str]
    words: Words
    caller: Caller

    @property
    def node(self) -> str:
        return self.path["node"]

    @property
    def vmid(self) -> int:
        return int(self.path["vmid"])


@dataclass(frozen=True)
class Route:
    """A method and a path, in Proxmox's own notation, and the parameters that are backed."""

    method: str
    template: str
    handler: Callable[[Request], Any]
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        parts = re.sub(r"\{(\w+)\}", lambda found: rf"(?P<{found[1]}>{_shape(found[1])})", self.template)
        object.__setattr__(self, "pattern", re.compile(parts))

    def check(self, words: Words) -> None:
        """Refused if a parameter is missing, or is one that is not backed."""
        missing = {name: "property is missing and it is not optional" for name in self.required if name not in words}
        if missing:
            raise RefusedError(BAD, "Parameter verification failed.", missing)
        unbacked = sorted(set(words) - set(self.required) - set(self.optional))
        if unbacked:
            raise RefusedError(UNBACKED, f"not backed by this service: {', '.join(unbacked)}")


def _shape(name: str) -> str:
    return r"\d+" if name == "vmid" else r"[^/]+"


class Service:
    """What every request shares."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.told = told
        self.here = str(told["node"])
        self.nodes = nodes(told)
        self.access = Access(told["users"], told["internal_key"])
        self.tasks = Tasks(self.here)
        self.pool = Pool(told["pool"], told["storage_user"])
        self._template_seen = False
        self.routes = self._routes()

    def answer(self, method: str, path: str, words: Words, caller: Caller) -> Any:
        """What is asked, from here or from the node that it is about."""
        for route in self.routes:
            found = route.pattern.fullmatch(path)
            if found is None or route.method != method:
                continue
            request = Request(found.groupdict(), words, caller)
            if request.path.get("node", self.here) != self.here:
                return self._forward(method, path, request)
            route.check(words)
            return route.handler(request)
        raise RefusedError(UNBACKED, f"Method '{method} {path}' not implemented")

    def inner(self, order: str, words: Mapping[str, str]) -> None:
        """What another node has this one do while a guest moves here."""
        guest = Guest.of(words)
        if order == "accueil":
            machine.launch(guest, self.told, f"tcp:{self.nodes[self.here].storage}:{guest.port}")
        elif order == "abandon":
            machine.kill(guest)
        else:
            raise RefusedError(UNBACKED, f"{order}: unknown order")

    def picture(self, *, whole: bool = False) -> Picture:
        """How the cluster is now; `whole` asks the storage too, which may be long to say that it is lost."""
        return Picture(
            here=self.here,
            name=str(self.told["cluster"]),
            nodes=self.nodes,
            cluster=grappe.look(),
            configuration=grappe.configured(),
            template=self._template() if whole else None,
            template_name=str(self.told["template"]["name"]),
        )

    def _template(self) -> int | None:
        """The model of guests, if the storage is known to have it; one that does not answer must not hide the rest."""
        vmid = int(self.told["template"]["vmid"])
        if not self._template_seen:
            try:
                self._template_seen = self.pool.has(f"base-{vmid}-disk-0")
            except CommandError as error:
                sys.stderr.write(f"template {vmid}: {error}\n")
        return vmid if self._template_seen else None

    def _routes(self) -> list[Route]:
        guest = "/nodes/{node}/qemu/{vmid}"
        return [
            Route("GET", "/version", lambda _: pve.version()),
            Route("GET", "/cluster/status", lambda _: pve.cluster_status(self.picture())),
            Route("GET", "/cluster/resources", self._resources, optional=("type",)),
            Route("GET", "/cluster/nextid", self._next_id, optional=("vmid",)),
            Route("GET", "/cluster/ceph/status", lambda _: ceph_status()),
            Route("GET", "/cluster/ha/status/current", lambda _: pve.ha_status(self.picture(), int(time.time()))),
            Route("GET", "/cluster/ha/resources", self._ha_resources, optional=("type",)),
            Route("POST", "/cluster/ha/resources", self._ha_add, ("sid",), ("type", *HA_OPTIONS)),
            Route("GET", "/cluster/ha/resources/{sid}", self._ha_resource),
            Route("PUT", "/cluster/ha/resources/{sid}", self._ha_change, optional=HA_OPTIONS),
            Route("DELETE", "/cluster/ha/resources/{sid}", self._ha_remove),
            Route("GET", "/cluster/ha/rules", self._rules, optional=("type", "resource")),
            Route("POST", "/cluster/ha/rules", self._rule_add, ("rule", "type", "resources", "affinity")),
            Route("GET", "/cluster/ha/rules/{rule}", self._rule),
            Route("DELETE", "/cluster/ha/rules/{rule}", self._rule_remove),
            Route("GET", "/nodes", lambda _: pve.nodes(self.picture())),
            Route("GET", "/nodes/{node}/ceph/status", lambda _: ceph_status()),
            Route("GET", "/nodes/{node}/tasks", lambda _: self.tasks.listed()),
            Route("GET", "/nodes/{node}/tasks/{upid}/status", lambda asked: self.tasks.get(asked.path["upid"]).form()),
            Route("GET", "/nodes/{node}/tasks/{upid}/log", self._task_log, optional=("start", "limit")),
            Route("GET", "/nodes/{node}/qemu", self._guests),
            Route("GET", f"{guest}/config", self._config),
            Route("PUT", f"{guest}/config", self._configure, optional=("name", "memory", "cores", "ipconfig0")),
            Route("POST", f"{guest}/clone", self._clone, ("newid",), ("name", "full")),
            Route("GET", f"{guest}/status/current", self._guest_status),
            Route("POST", f"{guest}/status/start", lambda asked: self._switch(asked, "start")),
            Route("POST", f"{guest}/status/stop", lambda asked: self._switch(asked, "stop")),
            Route("POST", f"{guest}/status/shutdown", lambda asked: self._switch(asked, "shutdown")),
            Route("POST", f"{guest}/migrate", self._migrate, ("target",), ("online",)),
            Route("DELETE", guest, self._destroy),
            Route("POST", "/nodes/{node}/vzdump", self._dump, ("vmid",), ("mode", "storage", "compress")),
        ]

    def _resources(self, asked: Request) -> Any:
        return pve.resources(self.picture(whole=True), asked.words.get("type"))

    def _next_id(self, asked: Request) -> Any:
        seen = self.picture(whole=True)
        taken = {*seen.configuration.guests, *([seen.template] if seen.template else [])}
        if "vmid" in asked.words:
            if _number(asked.words, "vmid") in taken:
                raise RefusedError(BAD, "Parameter verification failed.", {"vmid": "VM already exists"})
            return asked.words["vmid"]
        return str(next(vmid for vmid in range(LOWEST, HIGHEST) if vmid not in taken))

    # High availability

    def _held(self, sid: str) -> tuple[int, grappe.Settings]:
        vmid = pve.vmid_of(sid)
        settings = grappe.configured().guests.get(vmid)
        if settings is None or not settings.held:
            raise RefusedError(FAILED, f"no such resource '{sid}'")
        return vmid, settings

    def _ha_resources(self, _asked: Request) -> Any:
        guests = grappe.configured().guests
        return [pve.ha_resource(vmid, guests[vmid]) for vmid in sorted(guests) if guests[vmid].held]

    def _ha_resource(self, asked: Request) -> Any:
        return pve.ha_resource(*self._held(asked.path["sid"]))

    def _ha_add(self, asked: Request) -> None:
        sid, changed = asked.words["sid"], _ha_meta({"state": "started", **asked.words})
        vmid = pve.vmid_of(sid)
        guests = grappe.configured().guests
        if vmid not in guests:
            raise RefusedError(FAILED, f"cannot add service '{sid}': no such guest")
        if guests[vmid].held:
            raise RefusedError(FAILED, f"resource ID '{sid}' already defined")
        for name, value in {grappe.HELD: "1", **changed}.items():
            grappe.set_meta(vmid, name, value)

    def _ha_change(self, asked: Request) -> None:
        vmid, _ = self._held(asked.path["sid"])
        for name, value in _ha_meta(asked.words).items():
            grappe.set_meta(vmid, name, value)

    def _ha_remove(self, asked: Request) -> None:
        vmid, settings = self._held(asked.path["sid"])
        if settings.wanted:
            raise RefusedError(UNBACKED, "a guest that runs without high availability is not backed: stop it first")
        grappe.remove_meta(vmid, grappe.HELD)

    def _rules(self, _asked: Request) -> Any:
        return [pve.ha_rule(rule) for rule in grappe.configured().rules.values()]

    def _rule(self, asked: Request) -> Any:
        return pve.ha_rule(self._known_rule(asked.path["rule"]))

    def _known_rule(self, name: str) -> Rule:
        rules = grappe.configured().rules
        if name not in rules:
            raise RefusedError(FAILED, f"no such ha rule '{name}'")
        return rules[name]

    def _rule_add(self, asked: Request) -> None:
        words = asked.words
        if words["type"] != "resource-affinity" or words["affinity"] not in ("positive", "negative"):
            raise RefusedError(UNBACKED, f"rules of type {words['type']} are not backed by this service")
        guests = tuple(sorted({pve.vmid_of(sid.strip()) for sid in words["resources"].split(",")}))
        if len(guests) < 2 or grappe.RULE_ID.fullmatch(words["rule"]) is None:  # noqa: PLR2004 - a pair at least
            raise RefusedError(BAD, "Parameter verification failed.", {"resources": "two guests at least, and a name"})
        configured = grappe.configured()
        if words["rule"] in configured.rules:
            raise RefusedError(FAILED, f"rule '{words['rule']}' already defined")
        held = {vmid for vmid, settings in configured.guests.items() if settings.held}
        if unmanaged := [f"vm:{vmid}" for vmid in guests if vmid not in held]:
            raise RefusedError(FAILED, f"cannot use unmanaged resource(s) {', '.join(unmanaged)}")
        grappe.put_rule(Rule(words["rule"], words["affinity"], guests))

    def _rule_remove(self, asked: Request) -> None:
        grappe.remove_rule(self._known_rule(asked.path["rule"]).name)

    # Guests

    def _guests(self, asked: Request) -> Any:
        return [
            {key: told[key] for key in ("vmid", "name", "status", "maxmem", "template") if key in told}
            for told in pve.resources(self.picture(whole=True), "vm")
            if told["node"] == asked.node
        ]

    def _config(self, asked: Request) -> Any:
        settings = self.picture().settings(asked.vmid, asked.node)
        return pve.guest_config(settings, self.told["bridge"], self.told["pool"])

    def _configure(self, asked: Request) -> None:
        seen = self.picture()
        before = seen.settings(asked.vmid, asked.node).attributes
        changed = {key: value for key, value in asked.words.items() if before.get(key) != value}
        _check_attributes(changed)
        if changed and pve.guest_status(seen, asked.vmid) != "stopped":
            raise RefusedError(
                UNBACKED, "a change that waits for the next start of a guest is not backed: stop it first"
            )
        for key, value in changed.items():
            grappe.set_attribute(asked.vmid, key, value)

    def _clone(self, asked: Request) -> str:
        seen, newid = self.picture(whole=True), _number(asked.words, "newid")
        if asked.vmid != seen.template:
            raise RefusedError(UNBACKED, f"{asked.vmid} is no template: clones of guests are not backed")
        if newid in seen.configuration.guests or newid == seen.template or not LOWEST <= newid <= HIGHEST:
            raise RefusedError(FAILED, f"unable to create VM {newid}: config file already exists")
        attributes = {"name": asked.words.get("name", f"vm{newid}"), "mac": machine.mac_of(newid)}
        _check_attributes(attributes)
        full = asked.words.get("full", "0") == "1"

        def body(tell: Callable[[str], None]) -> None:
            tell(f"clone the disk of {asked.vmid} for {newid}")
            self.pool.clone(asked.vmid, newid, full=full)
            grappe.add_guest(newid, attributes)

        return self.tasks.begin("qmclone", str(asked.vmid), asked.caller.user, body)

    def _destroy(self, asked: Request) -> str:
        seen = self.picture()
        settings = seen.settings(asked.vmid, asked.node)
        if pve.guest_status(seen, asked.vmid) != "stopped":
            raise RefusedError(FAILED, f"VM {asked.vmid} is running - destroy failed")
        if settings.held:
            raise RefusedError(FAILED, f"unable to remove VM {asked.vmid} - used in HA resources")

        def body(tell: Callable[[str], None]) -> None:
            tell(f"remove {asked.vmid} and its disk")
            grappe.remove_guest(asked.vmid)
            self.pool.remove(asked.vmid)

        return self.tasks.begin("qmdestroy", str(asked.vmid), asked.caller.user, body)

    def _guest_status(self, asked: Request) -> Any:
        seen = self.picture()
        settings = seen.settings(asked.vmid, asked.node)
        guest = Guest.of(settings.attributes)
        # A guest that moves speaks to one asker alone; it runs all the same.
        found = qmp.state(asked.vmid) or ("unknown" if machine.active(guest) else None)
        told = {
            "vmid": asked.vmid,
            "name": guest.name,
            "status": "running" if found else "stopped",
            "qmpstatus": found or "stopped",
            "cpus": guest.cores,
            "maxmem": guest.memory * pve.MIB,
            "ha": {"managed": int(settings.held)},
        }
        return {**told, "ha": {"managed": 1, "state": pve.requested(settings)}} if settings.held else told

    def _switch(self, asked: Request, order: str) -> str:
        """Start or stop: as Proxmox does, the task is over once the high availability has been told."""
        settings = self.picture().settings(asked.vmid, asked.node)
        if not settings.held:
            raise RefusedError(UNBACKED, f"guest {asked.vmid} is not kept by the high availability: this is not backed")
        wanted = "start" if order == "start" else "stop"

        def body(tell: Callable[[str], None]) -> None:
            tell(f"Requesting HA {wanted} for VM {asked.vmid}")
            grappe.set_meta(asked.vmid, "target-role", "Started" if wanted == "start" else "Stopped")

        return self.tasks.begin(f"ha{wanted}", str(asked.vmid), asked.caller.user, body)

    def _migrate(self, asked: Request) -> str:
        """A move that is planned; the task follows it to its end, which Proxmox tells in a second task."""
        seen, target = self.picture(), asked.words["target"]
        seen.settings(asked.vmid, asked.node)
        if target not in seen.nodes:
            raise RefusedError(FAILED, f"no such cluster node '{target}'")
        if not seen.cluster.alive(target):
            raise RefusedError(FAILED, f"target node '{target}' is offline")
        if target == asked.node:
            raise RefusedError(FAILED, "target is local node.")

        def body(tell: Callable[[str], None]) -> None:
            tell(f"Requesting HA migration for VM {asked.vmid} to node {target}")
            grappe.move(asked.vmid, target)
            try:
                _wait_moved(asked.vmid, target)
            finally:
                grappe.forget_moves([asked.vmid])
            tell("migration finished successfully")

        return self.tasks.begin("hamigrate", str(asked.vmid), asked.caller.user, body)

    def _dump(self, asked: Request) -> str:
        vmid, words = _number(asked.words, "vmid"), asked.words
        if words.get("mode", "snapshot") != "snapshot" or words.get("storage", "local") != "local":
            raise RefusedError(UNBACKED, "only snapshots into the storage 'local' are backed by this service")
        if vmid not in self.picture().configuration.guests:
            raise RefusedError(FAILED, f"unable to find VM '{vmid}'")

        def body(tell: Callable[[str], None]) -> None:
            tell(f"INFO: starting new backup job: vzdump {vmid}")
            path = self.pool.dump(vmid, time.strftime("%Y_%m_%d-%H_%M_%S"))
            tell(f"INFO: creating archive '{path}', {path.stat().st_size} bytes")

        return self.tasks.begin("vzdump", str(vmid), asked.caller.user, body)

    def _task_log(self, asked: Request) -> Any:
        start, limit = int(asked.words.get("start", "0")), int(asked.words.get("limit", "50"))
        lines = list(enumerate(self.tasks.get(asked.path["upid"]).log, start=1))
        return [{"n": number, "t": text} for number, text in lines[start : start + limit or None]]

    def _forward(self, method: str, path: str, asked: Request) -> Any:
        node = self.nodes.get(asked.node)
        if node is None:
            raise RefusedError(FAILED, f"hostname lookup '{asked.node}' failed")
        link = connection(self.told, node, FORWARD_S)
        headers = {KEY: self.told["internal_key"], USER: f"{asked.caller.user} {asked.caller.role}"}
        try:
            link.request(method, f"{PREFIX}{path}", json.dumps(asked.words), headers)
            answer = link.getresponse()
            told = json.loads(answer.read() or b"null") or {}
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise RefusedError(UNREACHABLE, f"Errors during connection establishment: {error}") from error
        finally:
            link.close()
        if answer.status != http.client.OK:
            raise RefusedError(answer.status, answer.reason, told.get("errors"))
        return told.get("data")


def _wait_moved(vmid: int, target: str) -> None:
    deadline = time.monotonic() + MOVE_S
    while True:
        running = grappe.look().guests.get(vmid)
        if running and (running.node, running.role, running.pending) == (target, "Started", ""):
            return
        if time.monotonic() > deadline:
            raise CommandError("migration aborted")
        time.sleep(POLL_S)


def _text(value: Any) -> str:
    """A parameter as a form would bring it: Proxmox's booleans are 0 and 1."""
    return str(int(value)) if isinstance(value, bool) else str(value)


def _ha_meta(words: Words) -> dict[str, str]:
    """What the options of a service are in Pacemaker; it counts failures where Proxmox counts new tries."""
    for name, value in UNLIMITED.items():
        if words.get(name, value) != value:
            raise RefusedError(UNBACKED, f"{name} '{words[name]}' is not backed by this service")
    changed: dict[str, str] = {}
    if "max_restart" in words:
        changed[grappe.FAILURES] = str(_number(words, "max_restart") + 1)
    if "state" in words:
        if words["state"] not in HA_STATES:
            raise RefusedError(UNBACKED, f"state '{words['state']}' is not backed by this service")
        changed["target-role"] = HA_STATES[words["state"]]
    return changed


def _number(words: Words, name: str) -> int:
    if not words[name].isdigit():
        raise RefusedError(BAD, "Parameter verification failed.", {name: "type check ('integer') failed"})
    return int(words[name])


def _check_attributes(words: Words) -> None:
    """Refused if one is not what it must be: they end up on a command line of QEMU."""
    wrong = {
        name: "value does not look valid"
        for name, valid in {
            "name": r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?",
            "memory": r"[1-9]\d{1,5}",
            "cores": r"[1-9]\d?",
        }.items()
        if name in words and re.fullmatch(valid, words[name]) is None
    }
    if "ipconfig0" in words and not machine.valid_ipconfig(words["ipconfig0"]):
        wrong["ipconfig0"] = "ip=ADDRESS/LENGTH[,gw=ADDRESS] is expected"
    if wrong:
        raise RefusedError(BAD, "Parameter verification failed.", wrong)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "recette-hyperviseur", ""
    timeout = CLIENT_S
    service: Service

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - the same

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's own name
        """Orders and refusals only: pages are read several times a second."""
        if self.command != "GET" or "200" not in map(str, args):
            sys.stderr.write(f"{self.client_address[0]} {format % args}\n")

    def _serve(self) -> None:
        errors: Mapping[str, str] = {}
        code, reason, data = http.client.OK, "OK", None
        try:
            data = self._answer()
        except RefusedError as error:
            code, reason, errors = error.code, error.reason, error.errors
        except (CommandError, qmp.QmpError) as error:
            code, reason = FAILED, str(error)
        body = json.dumps({"data": data, **({"errors": errors} if errors else {})}).encode()
        self.send_response(code, " ".join(reason.split()).encode("ascii", "replace").decode())
        self.send_header("Content-Type", "application/json;charset=UTF-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def _answer(self) -> Any:
        words, url, now = self._words(), urlsplit(self.path), int(time.time())
        inner = self.headers.get(KEY)
        if inner is not None and inner != self.service.told["internal_key"]:
            raise RefusedError(401, "invalid key")
        if url.path.startswith("/interne/"):
            if inner is None:
                raise RefusedError(401, "no key")
            return self.service.inner(url.path.removeprefix("/interne/"), words)
        path = unquote(url.path).removeprefix(PREFIX)
        if (self.command, path) == ("POST", "/access/ticket"):
            return self.service.access.log_on(words.get("username", ""), words.get("password", ""), now)
        if not url.path.startswith(f"{PREFIX}/"):
            raise RefusedError(404, "Not Found")
        return self.service.answer(self.command, path, words, self._caller(now, known=inner is not None))

    def _caller(self, now: int, *, known: bool) -> Caller:
        """Who asks; another node has already made sure of it."""
        if known:
            user, _, role = self.headers.get(USER, "").rpartition(" ")
            return Caller(user, role)
        caller = self.service.access.caller(self.headers, now)
        if self.command != "GET":
            self.service.access.allow_order(caller, self.headers.get("CSRFPreventionToken", ""), now)
        return caller

    def _words(self) -> Words:
        """Parameters of the address and of the body, which is a form or JSON."""
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        words = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        if text.startswith("{"):
            return words | {key: _text(value) for key, value in json.loads(text).items()}
        return words | dict(parse_qsl(text, keep_blank_values=True))


class Server(ThreadingHTTPServer):
    """Speaks TLS; each thread does its own handshake, so that a silent client holds nobody up."""

    daemon_threads = True
    request_queue_size = 64


def main() -> None:
    """Serve until the end."""
    told = settings()
    Handler.service = Service(told)
    server = Server(("", PORT), Handler)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(f"{told['certificate']}.pem", f"{told['certificate']}.key")
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    _tell_ready()
    server.serve_forever()


def _tell_ready() -> None:
    """Tell systemd that connections are taken from now on."""
    if address := os.environ.get("NOTIFY_SOCKET"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.connect(address.replace("@", "\0", 1) if address.startswith("@") else address)
            channel.sendall(b"READY=1")


if __name__ == "__main__":
    main()
