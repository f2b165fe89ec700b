"""What switching a part on does to a project, compared with what the test of the part expects."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from tests.support.rendering import render, stored_answers
from tests.support.trees import changed, inside, owned_paths, without_answers

type Lines = Mapping[str, Collection[str]]
"""Lines by the file that has them."""


def assert_exactly(
    folder: Path,
    off: dict[str, Any],
    on: dict[str, Any],
    *,
    gained: Lines,
    lost: Lines | None = None,
    rewritten: Collection[str] = (),
) -> None:
    """The part's own files come, and shared files gain and lose exactly these lines.

    The lines of `rewritten` files are not compared: pages, and tests that differ throughout.
    """
    lost = lost or {}
    before, after = render(folder / "off", **off), render(folder / "on", **on)
    owned = set(owned_paths(stored_answers(before))) - set(owned_paths(stored_answers(after)))
    own = set(without_answers(after)) - set(without_answers(before))

    assert [path for path in sorted(own) if not any(inside(path, one) for one in owned)] == []
    assert changed(before, after) - own == {*gained, *lost, *rewritten}
    for path in {*gained, *lost}:
        assert _lines(after / path) - _lines(before / path) == set(gained.get(path, ())), path
        assert _lines(before / path) - _lines(after / path) == set(lost.get(path, ())), path


def mentions(
    project: Path, word: re.Pattern[str], *, allowed_in: Collection[str] = ()
) -> dict[str, set[str]]:
    """What the pattern finds in a project, by file."""
    texts = {
        path: content.decode(errors="replace")
        for path, content in without_answers(project).items()
        if path not in allowed_in
    }
    return {path: set(word.findall(text)) for path, text in texts.items() if word.search(text)}


def merged(one: Lines, other: Lines) -> Lines:
    return {path: {*one.get(path, ()), *other.get(path, ())} for path in {*one, *other}}


def _lines(path: Path) -> set[str]:
    return {line for line in path.read_text().splitlines() if line}
