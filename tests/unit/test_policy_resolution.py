"""Each host asks the resolvers that the flow matrix lets it ask."""

from __future__ import annotations

import pytest

from recette.policy.resolution import aliases, nameservers
from recette.site import Site, find_site

DIRECTORY = ["10.94.30.11", "10.94.30.12"]
OPERATORS = ["192.0.2.1", "192.0.2.2"]


@pytest.fixture(scope="module")
def site() -> Site:
    return Site.load(find_site("jumeau"))


def test_servers_of_the_directory_are_known_in_their_domain(site: Site) -> None:
    assert aliases(site) == {"dc1": ["dc1.ad.cenexis.example"], "dc2": ["dc2.ad.cenexis.example"]}


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("poste-b30", DIRECTORY),
        ("mail1", DIRECTORY),
        ("telephone-1", DIRECTORY),
        ("dc1", ["10.94.30.12", "127.0.0.1"]),
        ("dc2", ["10.94.30.11", "127.0.0.1"]),
        ("mx-1", OPERATORS),
        ("nomade", OPERATORS),
        ("siege-poste", OPERATORS),
        ("ligne-b70", []),
        ("fw-int-1", []),
        ("fw-ext-1", []),
    ],
)
def test_nameservers(site: Site, host: str, expected: list[str]) -> None:
    assert [str(address) for address in nameservers(site, site.host(host))] == expected
