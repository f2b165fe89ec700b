"""docs/reference/questions.md, read off copier.yml.

`uv run python -m tests.support.covering` writes it anew, with the arrays.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from tests.support.questions import choices, environment
from tests.support.rendering import ROOT, asked, presets, questions

PAGE = ROOT / "docs" / "reference" / "questions.md"
HEADING = """# The questions

In the order in which they are asked; each is answered beforehand by `--data name=answer`.
The name and the answers of a question never change, so a stored answer stays one.
A test writes this page from `copier.yml` and compares.
"""
WORDS = {True: "yes", False: "no"}


def page() -> str:
    lines = [HEADING, *(line for name in asked() for line in _section(name))]
    return "\n".join(lines).rstrip() + "\n"


def _section(name: str) -> Iterator[str]:
    question = asked()[name]
    yield from (f"## {name}", "", question["help"], "")
    listed = question.get("choices")
    labels = dict(listed) if isinstance(listed, dict) else {one: one for one in choices(question)}
    if question.get("type") == "bool":
        labels = {"yes": "yes", "no": "no"}
    if labels:
        many = "any of these" if question.get("multiselect") else "one of these"
        yield from (f"Answers, {many}:", "")
        yield from (_choice(label, value) for label, value in labels.items())
        yield ""
    defaults = {preset: _default(question, preset) for preset in presets()}
    if len(set(defaults.values())) == 1:
        yield from (f"Default: {next(iter(defaults.values()))}", "")
        return
    yield from ("| preset | default |", "|---|---|")
    yield from (f"| `{preset}` | {default} |" for preset, default in defaults.items())
    yield ""


def _choice(label: Any, value: Any) -> str:
    value = value["value"] if isinstance(value, Mapping) else value
    return f"- `{value}`" if label == value else f"- `{value}`: {label}"


def _default(question: Mapping[str, Any], preset: str) -> str:
    default = question["default"]
    if isinstance(default, bool):
        return f"`{WORDS[default]}`"
    if "{" not in str(default):
        return f"`{default}`"
    if "words" in default:
        return "derived from the name"
    context = {"preset": preset, "preset_generation": questions()["preset_generation"]["default"]}
    value = yaml.safe_load(environment().from_string(default).render(context))
    if isinstance(value, list):
        return ", ".join(f"`{one}`" for one in value) or "none"
    return f"`{WORDS.get(value, value)}`"


def write() -> None:
    PAGE.write_text(page())
