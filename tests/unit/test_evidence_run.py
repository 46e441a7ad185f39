"""A run written down and read back, whole or killed, intact or altered."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from recette import paths
from recette.errors import RecetteError
from recette.evidence import (
    Coverage,
    Fidelity,
    Plan,
    Recorder,
    Requirement,
    Result,
    Run,
    RunStore,
    Scenario,
    Verdict,
    record_phase,
    worst,
)
from recette.evidence.annexes import read_coverage, read_fidelity
from recette.evidence.integrity import alterations
from recette.evidence.origin import commit
from recette.evidence.phases import read_phases, timed_phase
from recette.evidence.recorder import slug
from recette.evidence.register import load_register


def scenario(name: str, *requirements: str) -> Scenario:
    claimed = requirements or ("EXG-NF-03",)
    return Scenario(name, "features/reseau/x.feature", 5, "Réseau", "Une règle", claimed, "lecture")


FIRST, SECOND, THIRD = scenario("Première"), scenario("Deuxième"), scenario("Troisième", "EXG-F-01")


def plan(*scenarios: Scenario) -> Plan:
    register = (Requirement("EXG-F-01", "Annuaire"), Requirement("EXG-F-02", "VPN"), Requirement("EXG-NF-03", "Réseau"))
    return Plan("jumeau", "twin", "0123abc", register, scenarios)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunStore:
    monkeypatch.setattr(paths, "STATE", tmp_path / "state")
    return RunStore.create(tmp_path / "reports", plan(FIRST, SECOND, THIRD))


@pytest.fixture
def recorder(store: RunStore) -> Recorder:
    return store.recorder(FIRST)


def finish(store: RunStore, told: Scenario, verdict: Verdict) -> Result:
    recorder = store.recorder(told)
    recorder.measure("Coupure", 0.42, "s", "≤ 1 s", ok=True)
    recorder.attach("sondes.json", "[]")
    result = Result(told, verdict, 1.5, "", "", tuple(recorder.measures), tuple(recorder.artefacts))
    store.finish(result)
    return result


class TestRecorder:
    def test_nothing_was_observed_at_first(self, recorder: Recorder) -> None:
        assert not recorder.observed

    def test_a_figure_a_piece_or_a_remark_is_an_observation(self, store: RunStore) -> None:
        figured, pieced, remarked = store.recorder(FIRST), store.recorder(FIRST), store.recorder(FIRST)
        figured.measure("Coupure", 1, "s")
        pieced.attach("a.txt", "a")
        remarked.note("vu")
        assert all(recorder.observed for recorder in (figured, pieced, remarked))

    @pytest.mark.parametrize("value", [float("nan"), float("inf")])
    def test_a_figure_is_finite(self, recorder: Recorder, value: float) -> None:
        with pytest.raises(ValueError, match="record what was seen"):
            recorder.measure("Coupure", value, "s")

    def test_a_piece_is_kept_with_its_hash_and_its_kind(self, recorder: Recorder, store: RunStore) -> None:
        path = recorder.attach("capture.pcap", b"\xd4\xc3")
        (piece,) = recorder.artefacts
        assert store.run_dir / piece.path == path
        assert piece.sha256 == hashlib.sha256(b"\xd4\xc3").hexdigest()
        assert piece.mime == "application/vnd.tcpdump.pcap"

    def test_a_file_made_elsewhere_is_copied(self, recorder: Recorder, tmp_path: Path) -> None:
        (tmp_path / "log.txt").write_text("été", encoding="utf-8")
        assert recorder.attach(tmp_path / "log.txt").read_text(encoding="utf-8") == "été"

    def test_a_name_taken_gets_a_number(self, recorder: Recorder) -> None:
        assert [recorder.attach("a.txt", text).name for text in "xyz"] == ["a.txt", "a-2.txt", "a-3.txt"]

    def test_a_name_cannot_leave_the_directory(self, recorder: Recorder) -> None:
        assert recorder.attach("../../x y.txt", "a").parent == recorder.directory
        assert recorder.attach(".caché", "a").name == "caché"

    def test_two_scenarios_never_share_a_directory(self, store: RunStore) -> None:
        assert store.recorder(FIRST).directory.name == "premiere"
        assert store.recorder(FIRST).directory.name == "premiere-2"

    def test_a_directory_keeps_the_words(self) -> None:
        assert slug("L'arrêt d'un nœud ne coupe pas") == "l-arret-d-un-noeud-ne-coupe-pas"
        assert slug("!") == "scenario"


class TestRun:
    def test_the_whole_register_is_judged(self, store: RunStore) -> None:
        for told, verdict in ((FIRST, Verdict.CONFORM), (SECOND, Verdict.NONCONFORM), (THIRD, Verdict.CONFORM)):
            finish(store, told, verdict)
        store.close()
        run = Run.read(store.run_dir)
        judged = {state.requirement.id: (state.verdict, state.scenarios, state.passed) for state in run.requirements}
        assert judged == {
            "EXG-F-01": (Verdict.CONFORM, 1, 1),
            "EXG-F-02": (Verdict.NOT_RUN, 0, 0),
            "EXG-NF-03": (Verdict.NONCONFORM, 2, 1),
        }

    def test_a_result_is_read_as_it_was_written(self, store: RunStore) -> None:
        result = finish(store, FIRST, Verdict.CONFORM)
        assert Run.read(store.run_dir).results[0] == result

    def test_a_killed_run_is_read_too(self, store: RunStore) -> None:
        finish(store, FIRST, Verdict.CONFORM)
        store.recorder(SECOND)
        with (store.evidence / "scenarios.jsonl").open("a", encoding="utf-8") as stream:
            stream.write('{"scenario": {"na')
        run = Run.read(store.run_dir)
        assert [result.verdict for result in run.results] == ["conform", "inconclusive", "not_run"]
        assert "interrompu" in run.results[1].message
        assert run.duration_s >= 0

    def test_recette_json_is_the_document(self, store: RunStore) -> None:
        finish(store, FIRST, Verdict.CONFORM)
        store.close()
        document = json.loads(Run.read(store.run_dir).timed("report_s", 2).write().read_text(encoding="utf-8"))
        told = document["scenarios"][0]
        assert told["measures"] == [{"name": "Coupure", "value": 0.42, "unit": "s", "bound": "≤ 1 s", "ok": True}]
        assert told["evidence"] == [
            {"path": "evidence/premiere/sondes.json", "sha256": hashlib.sha256(b"[]").hexdigest()}
        ]
        assert document["phases"]["report_s"] == 2
        assert document["phases"]["images_s"] is None

    def test_a_directory_without_a_run_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(RecetteError, match="is this the directory of a run"):
            Run.read(tmp_path)

    def test_a_run_of_another_version_is_said(self, store: RunStore) -> None:
        (store.evidence / "run.json").write_text("{}", encoding="utf-8")
        with pytest.raises(RecetteError, match="not a record of this version"):
            Run.read(store.run_dir)

    @pytest.mark.parametrize(
        ("verdicts", "decided"),
        [
            (["conform", "conform"], "conform"),
            (["conform", "not_run"], "not_run"),
            (["not_run", "inconclusive"], "inconclusive"),
            (["inconclusive", "nonconform", "conform"], "nonconform"),
            ([], "not_run"),
        ],
    )
    def test_the_worst_decides(self, verdicts: Sequence[str], decided: str) -> None:
        assert worst(map(Verdict, verdicts)) is Verdict(decided)


class TestStore:
    def test_latest_names_the_last_run(self, store: RunStore, tmp_path: Path) -> None:
        store.publish()
        other = RunStore.create(tmp_path / "reports", plan(FIRST))
        latest = other.publish()
        assert latest.readlink() == Path(other.run_dir.name)
        assert store.run_dir != other.run_dir
        assert sorted(path.name for path in latest.parent.iterdir()) == sorted(
            ["latest", store.run_dir.name, other.run_dir.name]
        )

    def test_a_directory_in_place_of_latest_is_not_removed(self, store: RunStore) -> None:
        (store.run_dir.parent / "latest" / "precious").mkdir(parents=True)
        with pytest.raises(RecetteError, match="remove it by hand"):
            store.publish()

    def test_a_directory_already_used_is_refused(self, store: RunStore) -> None:
        with pytest.raises(RecetteError, match="no run can be kept there: File exists"):
            RunStore.create_at(store.run_dir, plan())

    def test_annexes_are_read_back(self, store: RunStore) -> None:
        coverage = Coverage(200, 150, ("FLX-012",))
        ledger = (Fidelity("Bascule", "la reprise", "la durée"),)
        store.annex(coverage)
        store.annex(ledger)
        assert (read_coverage(store.evidence), read_fidelity(store.evidence)) == (coverage, ledger)
        assert coverage.percent == 75

    def test_phases_measured_before_the_run_are_gathered(self, store: RunStore) -> None:
        record_phase("twin_up_s", 12.3456)
        with timed_phase("jumeau", "provision_s"):
            pass
        store.close()
        phases = Run.read(store.run_dir).phases
        assert phases["twin_up_s"] == 12.346
        assert set(phases) == {"twin_up_s", "provision_s", "features_s"}

    def test_an_unknown_phase_is_an_error(self) -> None:
        with pytest.raises(ValueError, match="unknown phase"):
            record_phase("coffee_s", 1)

    @pytest.mark.usefixtures("store")
    def test_phases_left_half_written_are_forgotten(self) -> None:
        record_phase("twin_up_s", 1)
        (paths.STATE / "jumeau" / "phases.json").write_text("{", encoding="utf-8")
        assert read_phases("jumeau") == {}


class TestIntegrity:
    @pytest.fixture
    def run_dir(self, store: RunStore) -> Path:
        finish(store, FIRST, Verdict.NONCONFORM)
        store.close()
        return store.run_dir

    def test_nothing_is_said_of_intact_evidence(self, run_dir: Path) -> None:
        assert alterations(run_dir) == ()

    def test_a_piece_altered_or_removed_is_said(self, run_dir: Path) -> None:
        (run_dir / "evidence" / "premiere" / "sondes.json").write_text("[1]", encoding="utf-8")
        (run_dir / "evidence" / "end.json").unlink()
        assert alterations(run_dir) == (
            "evidence/premiere/sondes.json a été modifié",
            "evidence/end.json a disparu",
        )

    def test_a_verdict_altered_is_said(self, run_dir: Path) -> None:
        results = run_dir / "evidence" / "scenarios.jsonl"
        results.write_text(results.read_text(encoding="utf-8").replace("nonconform", "conform"), encoding="utf-8")
        assert alterations(run_dir) == ("le résultat du scénario « Première » a été modifié",)

    def test_a_journal_altered_or_removed_is_said(self, run_dir: Path) -> None:
        journal = run_dir / "evidence" / "journal.jsonl"
        journal.write_text(journal.read_text(encoding="utf-8").replace("Première", "Autre"), encoding="utf-8")
        assert "le journal ne se suit plus à partir de la ligne" in alterations(run_dir)[0]
        journal.unlink()
        assert alterations(run_dir) == ("le journal de la campagne a disparu",)


class TestRegister:
    def load(self, tmp_path: Path, text: str) -> tuple[Requirement, ...]:
        (tmp_path / "exigences.yml").write_text(text, encoding="utf-8")
        return load_register(tmp_path / "exigences.yml")

    def test_a_mapping_or_a_list_is_read(self, tmp_path: Path) -> None:
        wanted = (Requirement("EXG-F-01", "Annuaire", "Un seul", ("ANSSI",)),)
        assert self.load(tmp_path, "EXG-F-01: {titre: Annuaire, resume: Un seul, sources: [ANSSI]}") == wanted
        assert self.load(tmp_path, "- {id: EXG-F-01, titre: Annuaire, resume: Un seul, sources: ANSSI}") == wanted

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("EXG-F-1: {titre: Annuaire}", "not an identifier"),
            ("EXG-F-01: {resume: sans titre}", "EXG-F-01 has no titre"),
            ("- {id: EXG-F-01, titre: a}\n- {id: EXG-F-01, titre: b}", "stands twice"),
            ("EXG-F-01: [", "not YAML"),
            ("EXG-F-01: {titre: a}\nEXG-F-01: {titre: b}", "not YAML"),
            ("12", "expected a mapping"),
        ],
    )
    def test_a_mistake_is_one_line_that_names_the_file(self, tmp_path: Path, text: str, said: str) -> None:
        with pytest.raises(RecetteError, match=said) as caught:
            self.load(tmp_path, text)
        assert "exigences.yml" in str(caught.value)
        assert len(str(caught.value).splitlines()) == 1

    def test_a_missing_register_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(RecetteError, match="No such file"):
            load_register(tmp_path / "exigences.yml")


def test_the_commit_says_whether_files_differ(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        identity = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a"}
        environment = os.environ | identity | {"GIT_COMMITTER_EMAIL": "a@b"}
        subprocess.run(["git", "-C", str(tmp_path), *arguments], check=True, env=environment, capture_output=True)

    assert commit(tmp_path) == "unknown"
    git("init")
    git("commit", "--allow-empty", "-m", "x")
    assert len(commit(tmp_path)) == 40
    (tmp_path / "file").touch()
    assert commit(tmp_path).endswith("-dirty")
