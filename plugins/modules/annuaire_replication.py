#!/usr/bin/python3
"""Make a domain controller exchange every partition of the directory with the others, in both directions."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: annuaire_replication
short_description: Replicate the directory with the other controllers
description:
  - Lets no controller refuse replication (options of its NTDS settings), and makes it pull every partition from every
    other one, at once, where it never did or where the last attempt failed.
options:
  hostname: {description: Short name of this controller., type: str, required: true}
  others: {description: Short names of the other controllers., type: list, elements: str, required: true}
author: [recette]
"""

EXAMPLES = r"""
- name: Replicate the directory in both directions
  annuaire_replication:
    hostname: dc1
    others: [dc2]
"""

RETURN = r"""
mended:
  description: Options removed, and partitions pulled, or to pull in check mode.
  type: list
  returned: always
"""

import time  # noqa: E402 - Ansible wants the documentation first
from typing import Any  # noqa: E402

from ansible.module_utils.annuaire import PRIVATE, open_database  # noqa: E402
from ansible.module_utils.basic import AnsibleModule  # noqa: E402

REFUSALS = 0x2 | 0x4
"""DISABLE_INBOUND_REPL and DISABLE_OUTBOUND_REPL, in the options of NTDS settings."""
WRITABLE = 0x10
"""DRSUAPI_DRS_WRIT_REP: a partition that both may write."""
PATIENCE_S, PAUSE_S = 60, 0.5
"""How long another controller may take to answer: it may have been started just now."""
TIMEOUT_S = 60


class Controller:
    """The directory that this host holds, and its own replication service."""

    def __init__(self) -> None:
        self.directory = open_database()
        self.parameters = self.directory.lp

    def partitions(self) -> list[str]:
        """Every partition that a controller of the only domain of a forest holds."""
        import ldb

        root = self.directory.search("", scope=ldb.SCOPE_BASE, attrs=["namingContexts"])[0]
        return [str(name) for name in root["namingContexts"]]

    def guid(self, name: str) -> str:
        """Identity of a controller's directory service. Raises LookupError when the domain has no such controller."""
        import ldb
        from samba.dcerpc import misc
        from samba.ndr import ndr_unpack

        for server in self.directory.search(
            self.directory.get_config_basedn(), expression=f"(&(objectClass=server)(cn={name}))", attrs=["cn"]
        ):
            for found in self.directory.search(
                server.dn, scope=ldb.SCOPE_ONELEVEL, expression="(objectClass=nTDSDSA)", attrs=["objectGUID"]
            ):
                return str(ndr_unpack(misc.GUID, found["objectGUID"][0]))
        raise LookupError(f"{name} is no controller of this domain")

    def behind(self, partition: str, guid: str) -> bool:
        """Whether the partition was never pulled from this controller, or its last pull failed."""
        import ldb
        from samba.dcerpc import drsblobs
        from samba.ndr import ndr_unpack

        (head,) = self.directory.search(partition, scope=ldb.SCOPE_BASE, attrs=["repsFrom"])
        sources = [ndr_unpack(drsblobs.repsFromToBlob, blob).ctr for blob in head.get("repsFrom", [])]
        return not any(
            str(source.source_dsa_obj_guid) == guid and source.result_last_attempt[0] == 0 for source in sources
        )

    def refusals(self) -> int:
        """Options of this controller that refuse replication."""
        import ldb

        (settings,) = self.directory.search(self.directory.get_dsServiceName(), scope=ldb.SCOPE_BASE, attrs=["options"])
        self.options = int(str(settings["options"][0])) if "options" in settings else 0
        return self.options & REFUSALS

    def accept(self) -> None:
        """Remove the options that refuse replication."""
        import ldb

        message = ldb.Message(ldb.Dn(self.directory, self.directory.get_dsServiceName()))
        message["options"] = ldb.MessageElement(str(self.options & ~REFUSALS), ldb.FLAG_MOD_REPLACE, "options")
        self.directory.modify(message)

    def choose_sources(self) -> None:
        """Make the consistency checker name who pulls from whom; by itself it looks every five minutes."""
        from samba.dcerpc import drsuapi, misc

        service = drsuapi.drsuapi("irpc:kccsrv", lp_ctx=self.parameters)
        service.request_timeout = TIMEOUT_S
        service.DsExecuteKCC(misc.policy_handle(), 1, drsuapi.DsExecuteKCC1())

    def pull(self, partition: str, guid: str) -> None:
        """Pull a partition now, and wait for the end. Raises RuntimeError with Samba's reason."""
        from samba.dcerpc import drsuapi, misc

        service = drsuapi.drsuapi("irpc:dreplsrv", lp_ctx=self.parameters)
        service.request_timeout = TIMEOUT_S
        request = drsuapi.DsReplicaSyncRequest1()
        request.naming_context = drsuapi.DsReplicaObjectIdentifier()
        request.naming_context.dn = partition
        request.options = WRITABLE
        request.source_dsa_guid = misc.GUID(guid)
        service.DsReplicaSync(misc.policy_handle(), 1, request)


def mend(controller: Controller, behind: list[tuple[str, str, str]]) -> str:
    """Pull each partition, again until it succeeds; return why the last pull failed, or nothing."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        attempted = "choice of sources"
        try:
            controller.choose_sources()
            for name, partition, guid in behind:
                attempted = f"{partition} from {name}"
                controller.pull(partition, guid)
        except RuntimeError as error:
            if time.monotonic() > deadline:
                return f"{attempted}: {error}"
            time.sleep(PAUSE_S)
        else:
            return ""


def main() -> None:
    """Compare, then repair unless in check mode."""
    module = AnsibleModule(
        argument_spec={
            "hostname": {"type": "str", "required": True},
            "others": {"type": "list", "elements": "str", "required": True},
        },
        supports_check_mode=True,
    )
    if module.check_mode and not (PRIVATE / "sam.ldb").exists():
        module.exit_json(changed=True, mended=[])
    controller = Controller()
    mended: list[Any] = []
    if controller.refusals():
        mended.append(f"{module.params['hostname']} refused replication")
        if not module.check_mode:
            controller.accept()
    try:
        sources = [(name, controller.guid(name)) for name in module.params["others"]]
    except LookupError as error:
        module.fail_json(msg=str(error))
    behind = [
        (name, partition, guid)
        for name, guid in sources
        for partition in controller.partitions()
        if controller.behind(partition, guid)
    ]
    mended += [f"{partition} from {name}" for name, partition, _ in behind]
    if behind and not module.check_mode:
        complaint = mend(controller, behind)
        if complaint:
            module.fail_json(msg=complaint)
    module.exit_json(changed=bool(mended), mended=mended)


if __name__ == "__main__":
    main()
