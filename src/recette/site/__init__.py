"""The site model: what the inventory declares, typed and checked. It knows no other part of recette."""

from recette.site.elements import Flow, Host, Interface, Ports, Route, Zone
from recette.site.loader import find_site
from recette.site.matrix import Cell, Service
from recette.site.model import Site

__all__ = ["Cell", "Flow", "Host", "Interface", "Ports", "Route", "Service", "Site", "Zone", "find_site"]
