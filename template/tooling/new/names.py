"""The plural on the command line, and every other form of it."""

import keyword
import re

MAX_LENGTH = 30
SHAPE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
# The singular of a plural in -s, tried in this order.
ENDINGS = (
    (re.compile(r"(?<=[a-z])ies$"), "y"),
    (re.compile(r"(?<=ss|sh|ch)es$|(?<=[xz])es$"), ""),
    (re.compile(r"(?<=[^su])s$"), ""),
)

type Forms = dict[str, str]


class RefusedError(Exception):
    """What was asked for cannot be made; the text is the sentence that says why."""


def read(plural: str, singular: str | None) -> Forms:
    """Raises RefusedError. An English plural in -s needs no `singular`."""
    require_name(plural)
    found = singular or singular_of(plural)
    if found is None or found == plural:
        raise RefusedError(
            f"{plural!r} is not a plural in -s: name the singular too, with --singular"
        )
    require_name(found)
    return forms(plural, found)


def forms(plural: str, singular: str) -> Forms:
    words = plural.replace("_", " ")
    return {
        "plural": plural,
        "singular": singular,
        "Plural": pascal(plural),
        "Entity": pascal(singular),
        "slug": plural.replace("_", "-"),
        "word": singular.replace("_", " "),
        "words": words,
        "Words": words.capitalize(),
    }


def require_name(name: str) -> None:
    if not SHAPE.fullmatch(name):
        raise RefusedError(
            f"{name!r} is not a name: lowercase letters, digits and single underscores, "
            'starting with a letter, for example "purchase_orders"'
        )
    if len(name) > MAX_LENGTH:
        raise RefusedError(f"{name!r} is longer than {MAX_LENGTH} characters")
    if keyword.iskeyword(name) or keyword.issoftkeyword(name):
        raise RefusedError(f"{name!r} is a word of Python")


def singular_of(plural: str) -> str | None:
    """None where the rules of `ENDINGS` have no answer."""
    for ending, replacement in ENDINGS:
        if ending.search(plural):
            return ending.sub(replacement, plural)
    return None


def pascal(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
