"""The cluster of hypervisors, asked by the interface of Proxmox VE, from where administrators work."""

from __future__ import annotations

import shutil
import tempfile
import uuid
import weakref
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import requests
from proxmoxer import ProxmoxAPI, ResourceException  # type: ignore[import-untyped] # it has no types

from recette.errors import Inconclusive
from recette.probes.hypervisor import model
from recette.probes.hypervisor.tunnel import Tunnel
from recette.secrets import Secrets
from recette.shell import Remote
from recette.site import Site

NODES, CONSOLE = "pve", "bastion"
"""Redundancy group of the nodes; host from which they are administered (FLX-071)."""
USER, TOKEN, SECRET = "recette@pve", "roles", "hyperviseur/jeton"
TRUST_ANCHOR = "/etc/site-pki/ca.pem"
CALL_S = 20.0
UNABLE = (500, *range(595, 600))
"""What a node answers that cannot tell, or that could not reach the one of which it was asked."""

Ask = Callable[[Any], Any]


class Hypervisor:
    """Asks whichever node answers; what is asked is a call on proxmoxer's own object."""

    def __init__(self, site: Site, remote: Remote) -> None:
        self._site, self._remote = site, remote
        self._tunnel = Tunnel(remote, CONSOLE)
        self._apis: dict[str, Any] = {}
        self._order: list[str] = []

    @property
    def nodes(self) -> tuple[str, ...]:
        return tuple(host.name for host in self._site.group(NODES))

    def members(self) -> model.Members:
        """Nodes and quorum."""
        return model.members(self.ask(lambda api: api.cluster.status.get()))

    def guests(self) -> tuple[model.Guest, ...]:
        """Every guest, and where it is. Inconclusive if there is none."""
        found = model.guests(self.ask(lambda api: api.cluster.resources.get(type="vm")))
        if not found:
            raise Inconclusive("La grappe ne porte aucune machine")
        return found

    def guest(self, vmid: int) -> model.Guest:
        """One of them. Inconclusive if there is none of this number."""
        found = [guest for guest in self.guests() if guest.vmid == vmid]
        if not found:
            raise Inconclusive(f"La grappe ne connaît pas de machine {vmid}")
        return found[0]

    def qmp_status(self, guest: model.Guest) -> str:
        """What its own hypervisor says of a guest: `running`, `paused`, `stopped`…"""
        told = self.ask(lambda api: api.nodes(guest.node).qemu(guest.vmid).status.current.get())
        return str(told.get("qmpstatus", told["status"]))

    def managers(self) -> dict[str, str]:
        """What the resource manager of each node does."""
        return model.managers(self.ask(lambda api: api.cluster.ha.status.current.get()))

    def rules(self) -> tuple[model.Rule, ...]:
        """Guests that stay apart or together."""
        return model.rules(self.ask(lambda api: api.cluster.ha.rules.get()))

    def storage(self) -> model.Storage:
        """How the distributed storage is."""
        return model.storage(self.ask(lambda api: api.cluster.ceph.status.get()))

    def address(self, guest: model.Guest) -> str:
        """Where a guest is reached. Inconclusive if its configuration does not say it."""
        told = self.ask(lambda api: api.nodes(guest.node).qemu(guest.vmid).config.get())
        parts = dict(part.partition("=")[::2] for part in str(told.get("ipconfig0", "")).split(","))
        if "ip" not in parts:
            raise Inconclusive(f"La configuration de {guest.name} ne dit pas son adresse")
        return parts["ip"].partition("/")[0]

    def task(self, upid: str) -> str | None:
        """How a task ended (« OK », else what went wrong); None while it runs."""
        node = upid.split(":")[1]
        told = self.ask(lambda api: api.nodes(node).tasks(upid).status.get())
        return None if told["status"] == "running" else str(told["exitstatus"])

    def ask(self, question: Ask) -> Any:
        """The answer of the first node that gives one. Inconclusive if none does, or if one refuses.

        The node that answered last is asked first: one that is dead takes seconds to say nothing.
        """
        failed = []
        self._order = self._order or list(self.nodes)
        for node in tuple(self._order):
            try:
                answer = question(self._api(node))
            except requests.RequestException as error:
                failed.append(f"{node} ({type(error).__name__})")
            except ResourceException as error:
                # A node that left the cluster answers that it cannot tell: another one may.
                if error.status_code not in UNABLE:
                    raise Inconclusive(f"La grappe refuse : {error}") from error
                failed.append(f"{node} ({error})")
            else:
                self._order.remove(node)
                self._order.insert(0, node)
                return answer
        raise Inconclusive(f"La grappe ne répond pas à son interface : {', '.join(failed)}")

    def close(self) -> None:
        """End the connections."""
        for api in self._apis.values():
            api._store["session"].close()  # noqa: SLF001 - its only way in
        self._apis.clear()
        self._tunnel.close()

    @cached_property
    def _trust(self) -> Path:
        """The authority of the site, which the console has."""
        told = self._remote.run(CONSOLE, f"cat {TRUST_ANCHOR}")
        if told.rc != 0:
            raise Inconclusive(f"{CONSOLE} : {told.stderr.strip()}")
        folder = Path(tempfile.mkdtemp(prefix="recette-grappe-"))
        weakref.finalize(self, shutil.rmtree, folder)
        path = folder / "ca.pem"
        path.write_text(told.stdout, encoding="ascii")
        return path

    def _api(self, node: str) -> Any:
        if node not in self._apis:
            secrets = Secrets.of_site(self._site.name, self._site.kind, self._site.path)
            api = ProxmoxAPI(
                f"{node}.{self._site.dns}",
                user=USER,
                token_name=TOKEN,
                token_value=token(secrets.of(SECRET)),
                verify_ssl=str(self._trust),
                timeout=CALL_S,
            )
            api._store["session"].mount("https://", self._tunnel.adapter())  # noqa: SLF001 - its only way in
            self._apis[node] = api
        return self._apis[node]


def token(secret: str) -> str:
    """The value of a token, in Proxmox's form; as the filter `to_uuid` of Ansible makes it."""
    return str(uuid.uuid5(uuid.UUID("361E6D51-FAEC-444A-9079-341386DA8E2E"), secret))
