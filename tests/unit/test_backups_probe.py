"""What the probe of the copies makes of restic's answers, and which hosts copy themselves."""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import Any

import pytest

from recette.errors import Inconclusive, RecetteError
from recette.paths import ROOT
from recette.policy.backing import backed, data_sets, pushes
from recette.policy.variables import variables
from recette.probes.backups import Copy
from recette.probes.backups.model import copies, newest
from recette.site import Site

TOLD: dict[str, Any] = {
    "id": "5b83d7c6",
    "time": "2026-11-26T23:20:28.036820512+01:00",
    "hostname": "dc1",
    "tags": ["annuaire"],
    "depot": "dc1",
    "arrived": 1795731629.5,
    "summary": {"total_bytes_processed": 42},
}


@pytest.fixture(scope="module")
def site() -> Site:
    return Site.load(ROOT / "sites/jumeau")


def test_a_copy_says_whose_it_is_and_when_it_was_made() -> None:
    (copy,) = copies([TOLD])
    assert (copy.host, copy.set, copy.bytes) == ("dc1", "annuaire", 42)
    assert copy.claimed_s == 1795731628.0


def test_a_copy_that_claims_to_be_of_tomorrow_is_as_old_as_its_arrival() -> None:
    (copy,) = copies([TOLD | {"time": "2027-11-26T23:20:28Z"}])
    assert copy.made_s == 1795731629.5


def test_a_copy_that_arrived_again_is_as_old_as_it_claims() -> None:
    (copy,) = copies([TOLD | {"arrived": 1900000000.0}])
    assert copy.made_s == copy.claimed_s


@pytest.mark.parametrize("missing", ["time", "depot", "arrived"])
def test_an_answer_that_lacks_something_decides_nothing(missing: str) -> None:
    with pytest.raises(Inconclusive, match="incomprise"):
        copies([{name: value for name, value in TOLD.items() if name != missing}])


def test_a_copy_without_tag_belongs_to_no_data_set() -> None:
    assert copies([TOLD | {"tags": None}])[0].set == ""


def test_the_youngest_copy_of_each_data_set_counts() -> None:
    old = Copy("a", "dc1", "annuaire", 10.0, 11.0, 1)
    young = Copy("b", "dc1", "annuaire", 20.0, 21.0, 1)
    other = Copy("c", "dc2", "annuaire", 5.0, 6.0, 1)
    assert newest([young, old, other]) == {("dc1", "annuaire"): young, ("dc2", "annuaire"): other}


def test_a_false_future_does_not_hide_an_older_copy() -> None:
    false = Copy("a", "dc1", "annuaire", 9e9, 10.0, 1)
    true = Copy("b", "dc1", "annuaire", 20.0, 21.0, 1)
    assert newest([true, false])["dc1", "annuaire"] == true


def test_every_host_of_the_site_has_data_sets_with_an_rpo_and_an_rto(site: Site) -> None:
    assert len(backed(site)) > 20
    for host in backed(site):
        sets = data_sets(site, host)
        assert sets, host.name
        assert all(each["rpo_minutes"] > 0 and each["rto_minutes"] > 0 for each in sets)


def test_who_copies_itself_is_read_in_the_matrix(site: Site) -> None:
    speaking = {host.name for host in backed(site) if pushes(site, host)}
    assert {"dc1", "mail2", "pbx1", "mx-1", "bastion", "bkp1"} <= speaking
    assert not {"ligne-b70", "gtb", "poste-b30", "fw-int-1", "fw-ext-2", "telephone-1"} & speaking


def test_the_collector_collects_those_who_do_not(site: Site) -> None:
    collected = {each["host"] for each in variables(site, site.host("bastion"))["backing"]["collected"]}
    assert collected == {host.name for host in backed(site) if not pushes(site, host)}


def test_the_directory_is_told_its_other_controllers(site: Site) -> None:
    (directory,) = [each for each in data_sets(site, site.host("dc1")) if each["name"] == "annuaire"]
    assert directory["others"] == ["10.94.30.12"]


def test_the_far_server_keeps_the_same_repositories_and_gets_no_other_fact(site: Site) -> None:
    near, far = (variables(site, site.host(name))["backing"] for name in ("bkp1", "nuage-1"))
    assert near["repositories"] == far["repositories"]
    assert "sets" not in far


def test_a_data_set_without_rpo_is_refused(site: Site) -> None:
    wrong = replace(site, variables={**site.variables, "site_backups": {"all": [{"name": "systeme"}]}})
    with pytest.raises(RecetteError, match="rpo_minutes"):
        data_sets(wrong, wrong.host("dc1"))


def test_every_data_set_of_the_site_is_one_that_the_client_reads(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The defaults of an argument specification reach no nested option: the program must have its own."""
    monkeypatch.syspath_prepend(str(ROOT / "roles/sauvegarde_client/files/programme"))
    settings = importlib.import_module("sauvegarde_client.reglages")
    kinds = importlib.import_module("sauvegarde_client.preparation").KINDS
    for host in backed(site):
        store = {"host": host.name, "access": "", "key": "", "sets": data_sets(site, host)}
        (read,) = settings.parse({"url": "", "authority": "", "stores": [store]}).stores
        assert {each.kind for each in read.sets} <= set(kinds)
