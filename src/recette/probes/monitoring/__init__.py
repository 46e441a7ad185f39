"""The supervision as an administrator asks it, and as who is on call is told by it."""

from recette.probes.monitoring.api import Item, Monitoring, Problem
from recette.probes.monitoring.messages import Alert, Notice, from_gateway, from_mail
from recette.probes.monitoring.oncall import OnCall, of

__all__ = ["Alert", "Item", "Monitoring", "Notice", "OnCall", "Problem", "from_gateway", "from_mail", "of"]
