"""`pytest features/`: a feature file is collected as it stands, once every file asked for was found without fault."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from recette.errors import RecetteError
from recette.evidence import Requirement
from recette.evidence.register import ID, load_register
from steps.plugins.gherkin_text import BACKGROUND, CLASSES, FeatureText, Refusal, Refused, read_feature
from steps.plugins.refusals import refusals
from steps.plugins.scenario_item import FeatureFile, ScenarioItem
from steps.plugins.sentences import load_sentences, undefined
from steps.plugins.target import chosen_site

FEATURES = pytest.StashKey[dict[Path, FeatureText]]()
REGISTER = pytest.StashKey[tuple[Requirement, ...]]()

_CLASS_MEANINGS = ("only looks", "loads the site", "breaks a redundant thing and repairs it", "twin only")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Make each requirement, class and folder of features a marker; `-m EXG-NF-03` alone then means the features."""
    try:
        register = load_register(features_root(config) / "exigences.yml")
    except RecetteError as error:
        raise pytest.UsageError(str(error)) from None
    config.stash[REGISTER] = register
    for requirement in register:
        config.addinivalue_line("markers", f"{requirement.id}: {requirement.title}")
    for name, meaning in zip(CLASSES, _CLASS_MEANINGS, strict=True):
        config.addinivalue_line("markers", f"{name}: {meaning}")
    config.addinivalue_line("markers", f"{BACKGROUND}: waits for something that goes on beside the others")
    for domain in _domains(config):
        config.addinivalue_line("markers", f"{domain}: features/{domain}/")
    by_default = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    if by_default and (ID.search(config.option.markexpr) or set(config.option.markexpr.split()) & set(CLASSES)):
        config.args = [str(features_root(config))]


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Read every feature asked for, and refuse them all together, before anything runs."""
    config = session.config
    paths = tuple(_asked(config))
    if not paths:
        return
    try:
        chosen_site(config)
        texts = _read(config, paths)
    except RecetteError as error:
        raise pytest.UsageError(str(error)) from None
    except Refused as refused:
        raise _usage_error(refused.refusals) from None
    config.stash[FEATURES] = texts
    config.args = [_node_name(config, argument) for argument in config.args]


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> FeatureFile | None:
    text = parent.config.stash.get(FEATURES, {}).get(file_path)
    if text is None:
        return None
    collected: FeatureFile = FeatureFile.from_parent(parent, path=file_path)
    collected.text = text
    return collected


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Whatever may disturb the site comes after all that only looks at it.

    What a scenario `@de_fond` waits for goes on meanwhile, so it comes last of those that only look; if that must be
    begun, the session fixture `<folder>_de_fond` does it before the first scenario.
    """
    items.sort(key=_rank)
    scenarios = [item for item in items if isinstance(item, ScenarioItem)]
    waiting = {f"{item.path.parent.name}_{BACKGROUND}" for item in scenarios if BACKGROUND in item.case.tags}
    for first in scenarios[:1]:
        first.fixturenames[:0] = sorted(name for name in waiting if _defined(config, name))


def features_root(config: pytest.Config) -> Path:
    return config.rootpath / "features"


def known_tags(config: pytest.Config) -> frozenset[str]:
    """What a feature may be tagged with."""
    return frozenset(
        [*(requirement.id for requirement in config.stash[REGISTER]), *CLASSES, BACKGROUND, *_domains(config)]
    )


def _domains(config: pytest.Config) -> list[str]:
    return sorted(path.name for path in features_root(config).iterdir() if path.is_dir())


def _asked(config: pytest.Config) -> Iterator[Path]:
    arguments = [_path(config, argument) for argument in config.args]
    for path in sorted(features_root(config).rglob("*.feature")):
        if any(path.is_relative_to(argument) for argument in arguments):
            yield path


def _path(config: pytest.Config, argument: str) -> Path:
    # As pytest does: the path comes before « :: », and a bracket can only belong to a name.
    return (config.invocation_params.dir / argument.partition("[")[0].partition("::")[0]).absolute()


def _read(config: pytest.Config, paths: tuple[Path, ...]) -> dict[Path, FeatureText]:
    texts: dict[Path, FeatureText] = {}
    faults: list[Refusal] = []
    for path in paths:
        try:
            texts[path] = read_feature(path, config.rootpath)
        except Refused as refused:
            faults += refused.refusals
    try:
        sentences = load_sentences(config)
    except Refused as refused:
        faults += refused.refusals
        sentences = ()
    for text in texts.values():
        faults += refusals(text, known_tags(config))
        faults += undefined(text, sentences) if sentences else ()
    if faults:
        raise Refused(faults)
    return texts


def _usage_error(faults: list[Refusal]) -> pytest.UsageError:
    ordered = sorted(faults, key=lambda fault: (fault.path, fault.line))
    lines = "\n".join(map(str, ordered))
    return pytest.UsageError(f"refused, nothing was run ({len(ordered)} to mend):\n{lines}")


def _node_name(config: pytest.Config, argument: str) -> str:
    """The name of a row as the report gives it, turned into the name that pytest knows it by."""
    path, separator, name = argument.partition("::")
    text = config.stash[FEATURES].get(_path(config, argument))
    cases = text.cases if text and separator else ()
    named = next((case.node_name for case in cases if name == case.record.name), name)
    return f"{path}{separator}{named}"


def _defined(config: pytest.Config, fixture: str) -> bool:
    return any(hasattr(plugin, fixture) for plugin in config.pluginmanager.get_plugins())


def _rank(item: pytest.Item) -> tuple[int, bool]:
    """Class, then what waits for something that goes on beside the rest of its class."""
    if not isinstance(item, ScenarioItem):
        return 0, False
    return 1 + CLASSES.index(item.case.record.scenario_class), BACKGROUND in item.case.tags
