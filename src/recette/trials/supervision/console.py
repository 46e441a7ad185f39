"""The console of the supervision, opened in a real browser from where administrators work."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from recette.platform import Platform
from recette.probes.browser import CONSOLE, Stage, View, log_on
from recette.probes.monitoring.api import ADMINISTRATOR, SECRET, TRUST_ANCHOR
from recette.probes.monitoring.api import CONSOLE as DESK
from recette.secrets import Secrets

HOSTS, PROBLEMS = "host.view", "problem.view"
"""Pages, by the action that Zabbix knows them by."""
SIZE = (1400, 1800)
"""Every host of the site in one picture."""


def look(platform: Platform, page: str, awaited: str) -> View:
    """Log on as the administrator, open a page, and wait for a text in its list. Inconclusive if there is no page."""
    site = platform.site
    # Logging on leads to what was asked for.
    request = urlencode({"request": f"zabbix.php?{urlencode({'action': page})}"})
    url = f"https://{platform.monitoring.servers[0]}.{site.dns}/index.php?{request}"
    password = Secrets.of_site(site.name, site.kind, site.path).of(SECRET)
    return log_on(
        platform.remote,
        DESK,
        url,
        ADMINISTRATOR,
        password,
        layout=CONSOLE,
        awaited=awaited,
        authority=TRUST_ANCHOR,
        size=SIZE,
    )


def listed(page: View) -> frozenset[str]:
    """What the rows of the page begin with: a browser puts a tab between two cells."""
    return frozenset(line.split("\t")[0].strip() for line in page.text.splitlines())


def shows(page: View, host: str, problem: str) -> bool:
    """Whether a problem of a host is listed: its cell follows the one of the host."""
    return page.stage is Stage.INSIDE and bool(
        re.search(rf"(?m)(^|\t)\s*{re.escape(host)}\s+{re.escape(problem)}", page.text)
    )


def brief(page: View) -> str:
    return " ".join(page.text.split())[:200] or "page vide"
