"""The sentences that the step modules define, and whether a feature says one of them at each step."""

from __future__ import annotations

import difflib
import importlib
import inspect
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from gherkin.parser_types import Step
from pytest_bdd.steps import StepFunctionContext, step_function_context_registry

from steps.plugins.gherkin_text import STEP_TYPES, FeatureText, Refusal, Refused, Written, fill

PLUGINS = "plugins"


@dataclass(frozen=True)
class Sentence:
    """A sentence and the function behind it; `path` and `line` say where it is written."""

    context: StepFunctionContext
    path: str
    line: int

    @property
    def text(self) -> str:
        return str(self.context.parser.name)

    @property
    def place(self) -> str:
        return f"{self.path}:{self.line}"

    def means(self, kind: str, text: str) -> bool:
        return self.context.type in (None, kind) and bool(self.context.parser.is_matching(text))


def load_sentences(config: pytest.Config) -> tuple[Sentence, ...]:
    """Load every module under `steps/` as a plugin, so that each sentence is known to each feature.

    Refused when a module cannot be loaded, or when one sentence has two definitions.
    """
    refusals = [refusal for module in _modules(config.rootpath) if (refusal := _load(config, *module))]
    sentences = tuple(_sentence(context, config.rootpath) for context in step_function_context_registry.values())
    refusals += [*_repeated(sentences), *_never_awaited(sentences)]
    if refusals:
        raise Refused(refusals)
    return sentences


def undefined(feature: FeatureText, sentences: Sequence[Sentence]) -> Iterator[Refusal]:
    """Each step that no sentence means, or that several do; the values of each row are tried."""
    seen = set()
    played = ((written, case) for written in feature.scenarios for case in feature.cases_of(written))
    for written, case in played:
        for kind, step in _steps(feature, written):
            text = fill(step["text"], case.row)
            meant = [sentence for sentence in sentences if sentence.means(kind, text)]
            said = f"« {step['keyword']}{text} »"
            fault = _ambiguous(said, meant) if meant else f"no step definition for {said}{_closest(text, sentences)}"
            refusal = Refusal(feature.path, step["location"]["line"], fault)
            if len(meant) != 1 and refusal not in seen:
                seen.add(refusal)
                yield refusal


def _modules(root: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted((root / "steps").rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        if PLUGINS not in parts and "__init__" not in parts:
            yield ".".join(parts), path


def _load(config: pytest.Config, name: str, path: Path) -> Refusal | None:
    try:
        module = importlib.import_module(name)
    except Exception as error:  # noqa: BLE001 - whatever a module does when loaded, the user gets one line
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == path]
        line = frames[-1].lineno if frames else getattr(error, "lineno", None)
        shown = path.relative_to(config.rootpath).as_posix()
        return Refusal(shown, line or 1, f"cannot be loaded: {type(error).__name__}: {error}")
    if not config.pluginmanager.is_registered(module):
        config.pluginmanager.register(module, name)
    return None


def _sentence(context: StepFunctionContext, root: Path) -> Sentence:
    function: Any = inspect.unwrap(context.step_func)
    path = Path(function.__code__.co_filename)
    shown = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
    return Sentence(context, shown, function.__code__.co_firstlineno)


def _repeated(sentences: Sequence[Sentence]) -> Iterator[Refusal]:
    first: dict[tuple[str | None, str], Sentence] = {}
    for sentence in sorted(sentences, key=lambda one: (one.path, one.line)):
        known = first.setdefault((sentence.context.type, sentence.text), sentence)
        if known is not sentence:
            message = f"sentence already defined at {known.place}: « {sentence.text} »"
            yield Refusal(sentence.path, sentence.line, message)


def _never_awaited(sentences: Sequence[Sentence]) -> Iterator[Refusal]:
    for sentence in sentences:
        if inspect.iscoroutinefunction(sentence.context.step_func):
            yield Refusal(sentence.path, sentence.line, "an « async » step is never awaited: write a plain function")


def _steps(feature: FeatureText, written: Written) -> Iterator[tuple[str, Step]]:
    """The steps of a scenario and of every background, with their kind: « Et » is of the kind of the step before."""
    for holder in (*feature.backgrounds, written.node):
        kind = ""
        for step in holder["steps"]:
            kind = STEP_TYPES.get(step["keywordType"], kind)
            yield kind, step


def _ambiguous(said: str, meant: Sequence[Sentence]) -> str:
    return f"{said} is defined {len(meant)} times: {', '.join(sorted(sentence.place for sentence in meant))}"


def _closest(text: str, sentences: Sequence[Sentence]) -> str:
    known = {sentence.text: sentence.place for sentence in sentences}
    close = difflib.get_close_matches(text, known, 1)
    return f"; the closest is « {close[0]} », {known[close[0]]}" if close else ""
