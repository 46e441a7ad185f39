"""Which site the run is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from recette.site import Site

SITE: pytest.StashKey[Site] = pytest.StashKey()


def chosen_site(config: pytest.Config) -> Site:
    """The site that `--site` names, loaded once; RecetteError when it does not exist or is not sound."""
    # Loaded late: the unit tests do not need the model of the site, nor the time it takes.
    from recette.site import Site, find_site  # noqa: PLC0415 - see above

    if SITE not in config.stash:
        config.stash[SITE] = Site.load(find_site(str(config.getoption("site"))))
    return config.stash[SITE]
