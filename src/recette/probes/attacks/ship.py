"""Turns the agents of this package into one script that runs on a host which has nothing of the project."""

from __future__ import annotations

from functools import cache
from importlib import resources

PACKAGE = "recette.probes.attacks.agents"
MODULES = ("limits", "link", "craft", "send", "flood", "observe")

# Each module is loaded from its text, under the name that it has in the project, when somebody imports it: an agent
# that does not need scapy does not pay for it. `site` brings back the packages of the distribution, which the isolated
# interpreter was started without.
SCRIPT = """\
import importlib.abc, importlib.machinery, json, site, sys
site.main()
PACKAGE, SOURCES = {package!r}, {sources!r}
class Shipped(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    def find_spec(self, name, path=None, target=None):
        parent = (PACKAGE + ".").startswith(name + ".")
        if parent or name in SOURCES:
            return importlib.machinery.ModuleSpec(name, self, is_package=parent)
    def get_source(self, name):
        return SOURCES.get(name, "")
sys.meta_path.insert(0, Shipped())
agent = importlib.import_module({entry!r})
print(json.dumps(agent.main(json.loads(sys.stdin.buffer.readline()))))
"""


@cache
def source(agent: str) -> str:
    """Script of an agent (`send`, `flood`, `observe`), for `Remote.python` or `Remote.popen_python`."""
    folder = resources.files(PACKAGE)
    texts = {f"{PACKAGE}.{name}": (folder / f"{name}.py").read_text(encoding="utf-8") for name in MODULES}
    return SCRIPT.format(package=PACKAGE, sources=texts, entry=f"{PACKAGE}.{agent}")
