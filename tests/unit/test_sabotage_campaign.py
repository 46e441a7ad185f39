"""A campaign of sabotages, without any twin: a site is a set of broken things."""

from __future__ import annotations

import io
import json
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from recette.actions import Journal
from recette.errors import Inconclusive, RecetteError
from recette.provision import Provisioned
from recette.sabotage import recover, run
from recette.sabotage.child import RunResult, ScenarioResult
from recette.sabotage.scenarios import Named
from recette.sabotage.tools import Tools
from recette.site import Site, find_site

SITE = Site.load(find_site("jumeau"))
MATRIX = "features/matrice.feature"
FEATURE = """\
# language: fr
Fonctionnalité: Matrice
  Scénario: Tout est refusé
    Alors tout est refusé
  Plan du scénario: Le flux <flux> survit
    Alors le flux <flux> survit
    Exemples:
      | flux |
      | voix |
      | web  |
"""
TITLES = ("Tout est refusé", "Le flux voix survit", "Le flux web survit")
SABOTAGE = """\
id: {id}
title: {title}
breaks: [EXG-NF-03]
hosts: [fw-ext]
shell: break {title}
scenarios: [{scenario}]
reason: {reason}
repair: [{role}]
"""


@dataclass
class FakeSite:
    """What is broken, which scenarios it turns red, and what each role repairs. All of it may be overridden."""

    journal: Journal
    red: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    """Broken thing -> scenario, verdict, message."""
    repaired_by: dict[str, str] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    restless: bool = False
    runs: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    applied: list[tuple[tuple[str, ...], tuple[str, ...], dict[str, Any]]] = field(default_factory=list)
    during_run: Callable[[], None] = lambda: None

    def shell(self, hosts: Sequence[str], script: str) -> None:
        verb, thing = script.split(maxsplit=1)
        if thing == "impossible":
            raise RecetteError(f"{hosts[0]}: code 1: no rule")
        (self.broken.add if verb == "break" else self.broken.discard)(thing)

    def provision(self, hosts: Sequence[str], roles: Sequence[str], variables: Mapping[str, Any]) -> Provisioned:
        self.applied.append((tuple(hosts), tuple(roles), dict(variables)))
        if variables:
            self.broken.add(str(variables["thing"]))
            return Provisioned(changed={hosts[0]: 1})
        mended = {thing for thing in self.broken if self.repaired_by.get(thing) in roles}
        self.broken -= mended
        return Provisioned(changed={hosts[0]: len(mended) + self.restless})

    def run_features(self, scenarios: Sequence[Named], directory: Path) -> RunResult:
        self.runs.append(directory.name)
        self.during_run()
        found = dict.fromkeys(TITLES, ("conform", ""))
        found |= {self.red[thing][0]: self.red[thing][1:] for thing in self.broken if thing in self.red}
        rows = [ScenarioResult(name=n, feature=MATRIX, verdict=v, message=m) for n, (v, m) in found.items()]
        return RunResult(scenarios=tuple(r for r in rows if any(s.covers(r.feature, r.name) for s in scenarios)))

    def tools(self) -> Tools:
        return Tools(
            run_features=self.run_features,
            provision=self.provision,
            shell=self.shell,
            journal=self.journal,
            revive=lambda: self.steps.append("revive"),
            bring_into_service=lambda: self.steps.append("service"),
        )


@pytest.fixture
def fake(tmp_path: Path) -> FakeSite:
    return FakeSite(
        Journal(tmp_path / "sabotage.jsonl"),
        red={"filtre": ("Tout est refusé", "nonconform", "b30 → dmz — Obtenu : accepté — Attendu : refusé")},
        repaired_by={"filtre": "pare_feu", "journal": "pare_feu", "relève": "haute_dispo"},
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / MATRIX).parent.mkdir()
    (tmp_path / MATRIX).write_text(FEATURE, encoding="utf-8")
    (tmp_path / "sabotages").mkdir()
    for role in ("pare_feu", "haute_dispo"):
        (tmp_path / "roles" / role).mkdir(parents=True)
    return tmp_path


def add(root: Path, number: int, title: str, extra: str = "", **options: str) -> None:
    """Write a sabotage of this number that breaks the thing of this title."""
    options = {"scenario": "Tout est refusé", "reason": "accepté", "role": "pare_feu"} | options
    text = SABOTAGE.format(id=f"SAB-{number:03}", title=title, **options) + extra
    (root / "sabotages" / f"SAB-{number:03}.yml").write_text(text, encoding="utf-8")


def campaign(fake: FakeSite, root: Path, *ids: str) -> tuple[int, list[dict[str, Any]], str]:
    """Exit code, rows of the JSON report, what was printed."""
    printed = io.StringIO()
    code = run(SITE, list(ids), console=Console(file=printed, width=200), tools=fake.tools(), root=root)
    report = json.loads((root / "reports" / "sabotage.json").read_text(encoding="utf-8"))
    return code, report["sabotages"], printed.getvalue()


def test_a_sabotage_that_is_noticed_and_repaired_is_killed(fake: FakeSite, root: Path) -> None:
    add(root, 1, "filtre")
    code, [row], printed = campaign(fake, root)
    assert (code, row["killed"], row["repaired"], row["problem"]) == (0, True, True, "")
    assert row["seen"][0]["message"].startswith("b30 → dmz")
    assert row["evidence"] == "sabotage/SAB-001"
    assert "kill rate 100% (1 of 1)" in printed
    assert fake.runs == ["avant", "SAB-001", "apres-SAB-001"]
    assert fake.applied == [(("fw-ext-1", "fw-ext-2"), ("pare_feu",), {})] * 2
    assert fake.journal.pending() == ()


def test_a_sabotage_that_nobody_notices_survives(fake: FakeSite, root: Path) -> None:
    add(root, 1, "filtre")
    fake.red.clear()
    code, [row], printed = campaign(fake, root)
    assert (code, row["killed"], row["repaired"]) == (1, False, True)
    assert row["problem"] == "“Tout est refusé” is conform, not nonconform"
    assert "kill rate 0%" in printed


def test_red_for_another_reason_is_not_enough(fake: FakeSite, root: Path) -> None:
    add(root, 1, "filtre", reason="aucune trace")
    code, [row], _ = campaign(fake, root)
    assert (code, row["killed"]) == (1, False)
    assert "is red for another reason: b30 → dmz" in row["problem"]


def test_an_open_question_is_not_a_refusal_unless_the_sabotage_says_so(fake: FakeSite, root: Path) -> None:
    fake.red["filtre"] = ("Tout est refusé", "inconclusive", "fw-ext-1 n'est pas accepté à l'état nominal")
    add(root, 1, "filtre")
    assert campaign(fake, root)[0] == 1
    add(root, 1, "filtre", extra="expect: inconclusive\nexpect_why: Le contexte du scénario le voit d'abord.\n")
    assert campaign(fake, root)[0] == 0


def test_one_row_of_an_outline_is_enough(fake: FakeSite, root: Path) -> None:
    fake.red["relève"] = ("Le flux web survit", "nonconform", "coupure de 60 s")
    add(root, 1, "relève", scenario="Le flux <flux> survit", reason="coupure", role="haute_dispo")
    code, [row], _ = campaign(fake, root)
    assert code == 0
    assert [seen["name"] for seen in row["seen"]] == ["Le flux web survit"]


def test_variables_are_applied_with_the_role_then_taken_back(fake: FakeSite, root: Path) -> None:
    add(root, 1, "filtre")
    path = root / "sabotages" / "SAB-001.yml"
    path.write_text(path.read_text("utf-8").replace("shell: break filtre", "variables: {thing: filtre}"), "utf-8")
    assert campaign(fake, root)[0] == 0
    assert [variables for _, _, variables in fake.applied] == [{"thing": "filtre"}, {}, {}]


def test_a_role_that_does_not_see_the_drift_does_not_count_as_a_repair(fake: FakeSite, root: Path) -> None:
    add(root, 1, "filtre")
    fake.repaired_by.clear()
    code, [row], _ = campaign(fake, root)
    assert (code, row["killed"], row["repaired"]) == (1, True, False)
    assert row["problem"] == "not green after it: “Tout est refusé” is nonconform: " + fake.red["filtre"][2]
    assert [entry.what for entry in fake.journal.pending()] == ["SAB-001"]


def test_a_role_that_always_changes_something_proves_nothing(fake: FakeSite, root: Path) -> None:
    add(root, 1, "filtre")
    fake.restless = True
    code, [row], _ = campaign(fake, root)
    assert (code, row["repaired"]) == (1, False)
    assert row["problem"] == "a second application still changed 1 tasks"


def test_a_sabotage_that_finds_nothing_to_break_is_not_killed(fake: FakeSite, root: Path) -> None:
    add(root, 1, "impossible")
    code, [row], _ = campaign(fake, root)
    assert (code, row["killed"]) == (1, False)
    assert row["problem"] == "fw-ext-1: code 1: no rule"


def test_what_no_role_repairs_is_undone_by_the_sabotage_itself(fake: FakeSite, root: Path) -> None:
    fake.repaired_by.clear()
    add(root, 1, "filtre", extra="undo_shell: mend filtre\nundo_why: Aucun rôle ne gère ce fichier.\n")
    assert campaign(fake, root)[0] == 0


def test_the_look_after_the_repair_is_shared_between_sabotages_alike(fake: FakeSite, root: Path) -> None:
    fake.red["journal"] = ("Tout est refusé", "nonconform", "accepté sans trace")
    fake.red["relève"] = ("Le flux web survit", "nonconform", "coupure de 60 s")
    add(root, 1, "filtre")
    add(root, 2, "relève", scenario="survit", reason="coupure", role="haute_dispo")
    add(root, 3, "journal")
    code, rows, _ = campaign(fake, root)
    assert (code, [row["id"] for row in rows]) == (0, ["SAB-001", "SAB-002", "SAB-003"])
    assert fake.runs == ["avant", "SAB-001", "SAB-003", "apres-SAB-003", "SAB-002", "apres-SAB-002"]


def test_a_trace_left_behind_counts_against_all_who_share_the_look(fake: FakeSite, root: Path) -> None:
    add(root, 1, "filtre")
    add(root, 2, "journal")
    add(root, 3, "relève", scenario="survit", reason="coupure", role="haute_dispo")
    fake.red["journal"] = ("Tout est refusé", "nonconform", "accepté sans trace")
    fake.red["trace"] = ("Tout est refusé", "nonconform", "une trace")
    provision = fake.provision

    def leave_a_trace(hosts: Sequence[str], roles: Sequence[str], variables: Mapping[str, Any]) -> Provisioned:
        if "filtre" in fake.broken:
            fake.broken.add("trace")
        return provision(hosts, roles, variables)

    tools = replace(fake.tools(), provision=leave_a_trace)
    code = run(SITE, ["SAB-001", "SAB-002"], console=Console(file=io.StringIO()), tools=tools, root=root)
    rows = json.loads((root / "reports" / "sabotage.json").read_text(encoding="utf-8"))["sabotages"]
    assert (code, [row["repaired"] for row in rows]) == (1, [False, False])


def test_nothing_more_is_broken_on_a_site_that_is_not_green_again(fake: FakeSite, root: Path) -> None:
    fake.repaired_by.clear()
    add(root, 1, "filtre")
    add(root, 2, "relève", role="haute_dispo")
    code, rows, _ = campaign(fake, root)
    assert code == 1
    assert [row["problem"][:9] for row in rows] == ["not green", "not tried"]


def test_nothing_is_broken_on_a_site_that_is_not_green(fake: FakeSite, root: Path) -> None:
    add(root, 1, "filtre")
    fake.broken.add("filtre")
    with pytest.raises(RecetteError, match="nothing was broken, for the site is not green: “Tout est refusé”"):
        campaign(fake, root)
    assert fake.runs == ["avant"]
    assert fake.applied == []


def test_a_look_that_fails_does_not_lose_what_was_learnt(fake: FakeSite, root: Path) -> None:
    add(root, 1, "filtre")

    def fail() -> None:
        if fake.runs[-1].startswith("apres"):
            raise RecetteError("the features did not run to their end")

    fake.during_run = fail
    code, [row], _ = campaign(fake, root)
    assert (code, row["killed"], row["repaired"]) == (1, True, False)
    assert row["problem"] == "not green after it: the features did not run to their end"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_sabotage_is_repaired(fake: FakeSite, root: Path, number: signal.Signals) -> None:
    add(root, 1, "filtre")
    fake.during_run = lambda: os.kill(os.getpid(), number) if fake.broken else None
    with pytest.raises(KeyboardInterrupt):
        campaign(fake, root)
    assert fake.broken == set()
    assert fake.journal.pending() == ()


def killed_in_the_middle(fake: FakeSite, root: Path) -> FakeSite:
    """The site as the next process finds it after `kill -9`: broken, entry in the journal, lock released."""
    if (pid := os.fork()) == 0:
        fake.during_run = lambda: os.kill(os.getpid(), signal.SIGKILL) if fake.broken else None
        campaign(fake, root)
        os._exit(0)
    os.waitpid(pid, 0)
    assert fake.journal.pending()
    fake.broken.add("filtre")
    return fake


def test_the_next_campaign_repairs_what_a_killed_one_left(fake: FakeSite, root: Path) -> None:
    add(root, 1, "filtre")
    assert campaign(killed_in_the_middle(fake, root), root)[0] == 0
    assert fake.journal.pending() == ()
    assert fake.steps[:2] == ["revive", "service"]


def test_the_next_start_repairs_what_a_killed_campaign_left(fake: FakeSite, root: Path) -> None:
    add(root, 1, "filtre")
    killed_in_the_middle(fake, root)
    assert recover(SITE, tools=fake.tools(), root=root) == ["SAB-001"]
    assert fake.broken == set()
    assert recover(SITE, tools=fake.tools(), root=root) == []


def test_what_cannot_be_recovered_is_told(fake: FakeSite, root: Path) -> None:
    add(root, 1, "filtre")
    killed_in_the_middle(fake, root)

    def unreachable(_hosts: Sequence[str], _roles: Sequence[str], _variables: Mapping[str, Any]) -> Provisioned:
        raise Inconclusive("fw-ext-1 : injoignable")

    with pytest.raises(RecetteError, match="SAB-001 on fw-ext-1 fw-ext-2 is not undone: fw-ext-1 : injoignable"):
        recover(SITE, tools=replace(fake.tools(), provision=unreachable), root=root)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"role": "inconnu"}, "sabotage SAB-001: role inconnu is unknown"),
        ({"scenario": "Rien"}, "sabotage SAB-001: no scenario of features/ is called “Rien”"),
    ],
)
def test_a_mistake_is_told_before_anything_is_broken(
    fake: FakeSite, root: Path, options: dict[str, str], message: str
) -> None:
    add(root, 1, "filtre", **options)
    with pytest.raises(RecetteError, match=message):
        campaign(fake, root)
    assert fake.runs == []


def test_a_real_site_is_never_sabotaged(fake: FakeSite, root: Path) -> None:
    add(root, 1, "filtre")
    with pytest.raises(RecetteError, match="jumeau is not a twin"):
        run(replace(SITE, kind="site"), [], console=Console(file=io.StringIO()), tools=fake.tools(), root=root)


def test_without_any_file_there_is_nothing_to_prove(fake: FakeSite, root: Path) -> None:
    with pytest.raises(RecetteError, match="no file in"):
        campaign(fake, root)
