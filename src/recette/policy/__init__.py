"""What the roles are told of each host: addresses, filtering rules, virtual addresses, Internet accesses.

Everything is computed from the site model, so that nobody writes a rule by hand, and handed to Ansible as plain values.
"""

from recette.policy.variables import variables

__all__ = ["variables"]
