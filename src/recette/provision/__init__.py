"""Apply the project's Ansible roles to a site, and remember to whom they were applied."""

from recette.provision.cache import ensure
from recette.provision.runner import Provisioned, provision

__all__ = ["Provisioned", "ensure", "provision"]
