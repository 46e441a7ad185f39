"""Words that look like a French Gherkin keyword and are none: the parser would take them for prose in silence."""

from __future__ import annotations

import difflib
import re
import unicodedata

from gherkin.dialect import Dialect

_CLOSE_ENOUGH = 0.8
_HEADER = re.compile(r"([^\s:<>|][^:<>|]{2,25}?)\s*:(?:\s|$)")


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("’", "'"))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).strip()


def _vocabulary(dialect: Dialect | None) -> tuple[dict[str, str], dict[str, str]]:
    if dialect is None:
        raise RuntimeError("gherkin knows no French")
    d = dialect
    headers = [
        *d.feature_keywords,
        *d.rule_keywords,
        *d.background_keywords,
        *d.scenario_keywords,
        *reversed(d.scenario_outline_keywords),  # the first spelling, which is ours, is kept
        *d.examples_keywords,
    ]
    steps = [*d.given_keywords, *d.when_keywords, *d.then_keywords, *d.and_keywords, *d.but_keywords]
    return {_plain(word): word for word in headers}, {_plain(word): word.strip() for word in steps if word != "* "}


_HEADERS, _STEPS = _vocabulary(Dialect.for_name("fr"))


def misspelt_header(line: str) -> str:
    """« Scenario: » or « Scénario : », which are not « Scénario: »; an empty text when the line looks like prose."""
    match = _HEADER.match(line.strip())
    close = difflib.get_close_matches(_plain(match[1]), _HEADERS, 1, _CLOSE_ENOUGH) if match else []
    if match is None or not close:
        return ""
    return f"« {match[0].strip()} » is not a keyword: write « {_HEADERS[close[0]]}: »"


def misspelt_step(line: str) -> str:
    """« Alor le flux passe », where « Alors » was meant; an empty text when the line looks like prose."""
    words = line.split()
    for plain, keyword in sorted(_STEPS.items(), key=lambda item: -len(item[0])):
        said = " ".join(words[: plain.count(" ") + 1])
        cutoff = _CLOSE_ENOUGH if len(plain) > len("et") else 1.0
        if difflib.SequenceMatcher(None, _plain(said), plain).ratio() >= cutoff:
            return f"« {said} » is not a keyword: write « {keyword} », then a plain space"
    return ""


def misspelt(line: str) -> str:
    """What a line that the parser did not understand was meant to be, if it can be guessed."""
    return misspelt_header(line) or misspelt_step(line)
