"""What a run observed, kept so that nobody can alter it unseen; every report is computed from it alone."""

from recette.evidence.annexes import Coverage, Fidelity
from recette.evidence.journal import Journal
from recette.evidence.phases import record_phase
from recette.evidence.recorder import Recorder
from recette.evidence.records import Artefact, Measure, Plan, Requirement, Result, Scenario
from recette.evidence.run import RequirementState, Run
from recette.evidence.store import RunStore
from recette.evidence.verdict import Verdict, worst

__all__ = [
    "Artefact",
    "Coverage",
    "Fidelity",
    "Journal",
    "Measure",
    "Plan",
    "Recorder",
    "Requirement",
    "RequirementState",
    "Result",
    "Run",
    "RunStore",
    "Scenario",
    "Verdict",
    "record_phase",
    "worst",
]
