"""What the modules of the directory share: the database of the controller on which they run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

PRIVATE = Path("/var/lib/samba/private")
AUDIT_LOG = Path("/var/log/samba/audit.json")
"""Where role annuaire has the service write its audit."""


def open_database() -> Any:
    """Open the database with all its modules, as the system.

    Samba's library audits on standard error what it changes: that goes into the log of the service.
    """
    from samba.auth import system_session
    from samba.param import LoadParm
    from samba.samdb import SamDB

    log = os.open(AUDIT_LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 2)
    os.close(log)
    parameters = LoadParm()
    parameters.load_default()
    return SamDB(session_info=system_session(), lp=parameters)
