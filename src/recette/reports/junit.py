"""The run as JUnit, for the gates that read nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from recette.evidence import Result, Run, Verdict

_OUTCOMES = {Verdict.NONCONFORM: "failure", Verdict.INCONCLUSIVE: "error", Verdict.NOT_RUN: "skipped"}
_NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(run: Run) -> Path:
    """Write `junit.xml`: a refusal is a failure, a question left open is an error."""
    suite = Element("testsuite", name=f"recette {run.plan.site}", timestamp=run.start.started)
    suite.set("tests", str(len(run.results)))
    suite.set("time", f"{run.duration_s:.3f}")
    for verdict, outcome in _OUTCOMES.items():
        suite.set(outcome if outcome == "skipped" else f"{outcome}s", str(run.count(verdict)))
    suite.extend(_case(result) for result in run.results)
    root = Element("testsuites")
    root.append(suite)
    indent(root)
    path = run.directory / "junit.xml"
    ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    return path


def _case(result: Result) -> Element:
    scenario = result.scenario
    case = Element("testcase", classname=scenario.feature, name=_text(scenario.name), time=f"{result.duration_s:.3f}")
    properties = SubElement(case, "properties")
    pairs = [("verdict", str(result.verdict)), ("class", scenario.scenario_class)]
    pairs += [("requirement", requirement) for requirement in scenario.requirements]
    pairs += [(f"measure: {m.name}", f"{m.value:g} {m.unit}".strip()) for m in result.measures]
    for name, value in pairs:
        SubElement(properties, "property", name=_text(name), value=_text(value))
    if result.verdict in _OUTCOMES:
        outcome = SubElement(case, _OUTCOMES[result.verdict], message=_text(result.message))
        outcome.text = _text("\n".join(filter(None, [result.step, result.message])))
    return case


def _text(text: str) -> str:
    """The text without what XML cannot carry, such as the escapes of a terminal."""
    return _NOT_IN_XML.sub("", text)
