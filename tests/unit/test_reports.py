"""The reports, made from the evidence of a run and from nothing else."""

from __future__ import annotations

import io
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from recette import paths
from recette.errors import RecetteError
from recette.evidence import Coverage, Fidelity, Measure, Plan, Requirement, Result, Run, RunStore, Scenario, Verdict
from recette.reports import allure, junit, rebuild, synthesis
from recette.reports.figures import gather
from recette.reports.summary import console
from recette.reports.text import duration, figure, moment, number, plural, typography

REGISTER = tuple(Requirement(f"EXG-F-0{number}", f"Exigence {number}", "Un résumé.") for number in range(1, 9))


def scenario(name: str, *requirements: str, selected: bool = True) -> Scenario:
    path = "features/reseau/x.feature"
    return Scenario(name, path, 5, "Bascule", "Une règle", requirements, "lecture", selected)


HELD = scenario("La coupure l'emporte : tenue", "EXG-F-01", "EXG-F-02")
REFUSED = scenario("Le flux <script>alert(1)</script> passe", "EXG-F-02")
OPEN = scenario("Question ouverte", "EXG-F-03")
LEFT_OUT = scenario("Laissé de côté", "EXG-F-01", selected=False)


@pytest.fixture
def run_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(paths, "STATE", tmp_path / "state")
    store = RunStore.create(
        tmp_path / "reports", Plan("jumeau", "twin", "0" * 40, REGISTER, (HELD, REFUSED, OPEN, LEFT_OUT))
    )
    recorder = store.recorder(HELD)
    recorder.measure("Coupure", 0.42, "s", "≤ 1 s", ok=True)
    recorder.attach("frise.png", b"\x89PNG" + bytes(100))
    recorder.attach("frise.svg", "<svg/>")
    recorder.attach("capture.pcap", b"\xd4\xc3")
    store.finish(Result(HELD, Verdict.CONFORM, 3.2, "", "", tuple(recorder.measures), tuple(recorder.artefacts)))
    beyond = (Measure("Coupure", 3.7, "s", "≤ 1 s", ok=False),)
    store.finish(
        Result(REFUSED, Verdict.NONCONFORM, 1, "Obtenu : 3.7 s\x1b[0m\nAttendu : 1 s", "Alors il passe", beyond)
    )
    store.finish(Result(OPEN, Verdict.INCONCLUSIVE, 1, "la sonde n'a pas répondu"))
    store.annex(Coverage(200, 199, ("fw-ext FLX-012",)))
    store.annex((Fidelity("Bascule", "L'enchaînement", "La durée"),))
    store.attach("site.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>")
    store.close()
    return store.run_dir


@pytest.fixture
def page(run_dir: Path) -> str:
    return synthesis.write(Run.read(run_dir)).read_text(encoding="utf-8")


class TestSynthesis:
    def test_it_needs_nothing_from_outside(self, page: str) -> None:
        assert re.findall(r'(?:src|href)="(?!data:)', page) == []
        assert "url(" not in page

    def test_every_requirement_is_there_with_its_verdict(self, page: str) -> None:
        rows = re.findall(r'<td class="id">(EXG-F-0\d)</td>.*?<span class="pill (\w+)">', page, re.DOTALL)
        assert dict(rows) == {
            "EXG-F-01": "not_run",
            "EXG-F-02": "nonconform",
            "EXG-F-03": "inconclusive",
            **{f"EXG-F-0{number}": "not_run" for number in range(4, 9)},
        }

    def test_texts_are_printed_in_french_and_never_as_markup(self, page: str) -> None:
        assert "La coupure l’emporte\u00a0: tenue" in page
        assert "<script>" not in page
        assert "&lt;script&gt;" in page

    def test_measures_coverage_and_ledger_are_shown(self, page: str) -> None:
        assert "0,42\u00a0s" in page
        assert "<strong>dépassée</strong>" in page
        assert "199 règles sur 200" in page
        assert "fw-ext FLX-012" in page
        assert "L’enchaînement" in page
        assert "1\u00a0scénario hors de la sélection" in page

    def test_a_picture_drawn_twice_is_shown_once_in_its_lighter_form(self, page: str) -> None:
        assert page.count('alt="frise"') == 1
        assert 'src="data:image/svg+xml;base64,PHN2Zy8+" alt="frise"' in page

    def test_a_scenario_of_two_requirements_is_told_once(self, page: str) -> None:
        assert page.count("Déjà présenté avec EXG-F-01.") == 1

    def test_altered_evidence_is_said_at_the_top(self, run_dir: Path) -> None:
        frise = next(run_dir.glob("evidence/*/frise.png"))
        frise.write_bytes(b"autre")
        page = synthesis.write(Run.read(run_dir)).read_text(encoding="utf-8")
        assert "ont été altérées" in page
        assert "frise.png a été modifié" in page
        assert "rien n’a été altéré" not in page


class TestConsole:
    def said(self, run_dir: Path) -> str:
        screen = Console(file=io.StringIO(), record=True, width=120)
        screen.print(console(Run.read(run_dir)))
        return screen.export_text()

    def test_the_register_the_faults_and_the_count_are_said(self, run_dir: Path) -> None:
        said = self.said(run_dir)
        assert all(requirement.id in said for requirement in REGISTER)
        assert "Obtenu : 3.7 s" in said
        assert said.index("Le flux <script>") < said.index("Question ouverte")
        assert "1 conforme, 1 non exécuté, 1 non concluant, 1 non conforme" in said
        assert "Règles de filtrage éprouvées : 199 sur 200 (99,5 %)" in said


class TestJunit:
    def test_it_carries_verdicts_requirements_and_measures(self, run_dir: Path) -> None:
        suite = ET.parse(junit.write(Run.read(run_dir))).getroot()[0]  # noqa: S314 - written just now
        assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["4", "1", "1", "1"]
        properties = [{(p.get("name"), p.get("value")) for p in case.iter("property")} for case in suite]
        assert {("verdict", "conform"), ("requirement", "EXG-F-02"), ("measure: Coupure", "0.42 s")} <= properties[0]
        assert suite[1].find("failure") is not None
        assert suite[2].find("error") is not None
        assert suite[3].find("skipped") is not None


class TestRebuild:
    def test_every_report_is_made_again_from_the_evidence(self, run_dir: Path) -> None:
        names = {"evidence"}
        assert {path.name for path in run_dir.iterdir()} == names
        assert rebuild(run_dir, with_allure=False) == run_dir
        assert {path.name for path in run_dir.iterdir()} == names | {"recette.json", "junit.xml", "synthese.html"}

    def test_a_run_may_be_named(self, run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("recette.reports.assembly.ROOT", run_dir.parents[1])
        assert rebuild(run_dir.name, with_allure=False) == run_dir

    def test_no_run_is_one_clear_line(self, tmp_path: Path) -> None:
        with pytest.raises(RecetteError, match="is this the directory of a run"):
            rebuild(tmp_path)

    def test_a_missing_allure_does_not_prevent_the_rest(self, run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(allure, "ROOT", run_dir)
        with pytest.raises(RecetteError, match="make setup"):
            rebuild(run_dir)
        assert (run_dir / "recette.json").exists()

    def test_an_allure_that_fails_is_said(self, run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        program = run_dir / "node_modules" / ".bin" / "allure"
        program.parent.mkdir(parents=True)
        program.write_text("#!/bin/sh\necho out of memory >&2\nexit 1\n", encoding="utf-8")
        program.chmod(0o755)
        monkeypatch.setattr(allure, "ROOT", run_dir)
        with pytest.raises(RecetteError, match="no Allure results"):
            allure.generate(run_dir)
        (run_dir / "allure-results").mkdir()
        with pytest.raises(RecetteError, match="out of memory"):
            allure.generate(run_dir)
        shutil.rmtree(run_dir / "node_modules")


class TestText:
    @pytest.mark.parametrize(
        ("value", "printed"),
        [
            (0.41999, "0,42"),
            (0.0005, "0,0005"),
            (3.0, "3"),
            (12.345, "12,35"),
            (123.45, "123,5"),
            (20160.0, "20\u202f160"),
            (-1.5, "−1,5"),
            (0, "0"),
        ],
    )
    def test_numbers(self, value: float, printed: str) -> None:
        assert number(value) == printed

    def test_durations(self) -> None:
        assert [duration(seconds) for seconds in (0.034, 12.34, 245, 3720)] == [
            "0,03\u00a0s",
            "12,3\u00a0s",
            "4\u00a0min\u00a005\u00a0s",
            "1\u00a0h\u00a002\u00a0min",
        ]

    def test_a_moment_is_told_in_paris(self) -> None:
        assert moment("2026-03-01T23:05:00Z") == "2 mars 2026 à 0\u00a0h\u00a005"
        assert moment("2026-07-31T23:05:00Z") == "1er août 2026 à 1\u00a0h\u00a005"

    def test_words_agree(self) -> None:
        assert [plural(count, "scénario") for count in (0, 1, 2)] == [
            "0\u00a0scénario",
            "1\u00a0scénario",
            "2\u00a0scénarios",
        ]
        assert Verdict.NONCONFORM.counted(2) == "2 non conformes"

    def test_printed_french_has_its_spaces_and_its_apostrophe(self) -> None:
        assert typography("l'appel « 15 » : passe ; sinon ?") == (
            "l’appel «\u00a015\u00a0»\u00a0: passe\u202f; sinon\u202f?"
        )

    def test_a_figure_without_unit(self) -> None:
        assert figure(Measure("Flux", 20160, "")) == "20\u202f160"

    def test_a_unit_agrees_when_it_is_a_word(self) -> None:
        figures = [Measure("", value, unit) for value, unit in ((1, "lignes"), (2, "lignes"), (0, "flux"), (1, "ms"))]
        assert list(map(figure, figures)) == ["1\u00a0ligne", "2\u00a0lignes", "0\u00a0flux", "1\u00a0ms"]


def test_what_is_measured_many_times_is_one_line() -> None:
    def result(value: float, *, ok: bool) -> Result:
        return Result(HELD, Verdict.CONFORM, measures=(Measure("Coupure", value, "s", "≤ 1 s", ok=ok),))

    (gathered,) = gather([result(0.42, ok=True), result(0.31, ok=True)])
    assert (gathered.range, gathered.count, gathered.held) == ("0,31 à 0,42\u00a0s", 2, True)
    (gathered,) = gather([result(0.42, ok=True), result(1.31, ok=False)])
    assert gathered.held is False
    (alone,) = gather([result(0.42, ok=True)])
    assert alone.range == "0,42\u00a0s"
