"""Whether a password is a common one, or made of so few common words that it is guessed early.

A password is blocked when it is on the list, or when nothing is left of it but
- words of its context (the service, the account), however many and however often;
- at most two words of the list, however often;
- beside a word: digits, punctuation and spaces;
- runs such as `aaaa`, `abcd`, `4321` or `qwerty`.
Case and the usual substitutions (`p4ssw0rd`) make no difference. Three words pass: passphrases do.
"""

import re
import unicodedata
from collections.abc import Iterable
from collections.abc import Iterator

from app.core.common_passwords import LONGEST
from app.core.common_passwords import common_passwords

MIN_WORD_LENGTH = 4
MIN_CONTEXT_LENGTH = 3
MAX_WORDS = 2
MIN_RUN_LENGTH = 3
MAX_ANALYSED_LENGTH = 128
SEQUENCES = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "qwertzuiop",
    "azertyuiop",
    "asdfghjkl",
    "zxcvbnm",
)
RUNS = tuple(part for sequence in SEQUENCES for part in (sequence, sequence[::-1]))
SUBSTITUTIONS: tuple[dict[int, int], ...] = (
    {},
    str.maketrans("0134578@$!+", "oieastbasit"),
    str.maketrans("0134578@$!+", "oleastbaslt"),
)
REPEATED = re.compile(r"(.{1,64}?)\1+", re.DOTALL)


def is_blocked(password: str, context: Iterable[str]) -> bool:
    """`context` are names: of the service, of the account, of its address."""
    folded = unicodedata.normalize("NFKC", password).casefold()
    if len(set(folded)) == 1 or folded in common_passwords():
        return True
    repeated = REPEATED.fullmatch(folded)
    if repeated and len(repeated[1]) < MIN_WORD_LENGTH:
        return True
    kernel = repeated[1] if repeated else folded
    if len(kernel) > MAX_ANALYSED_LENGTH:
        return False
    names = frozenset(context_words(context))
    return any(_Reading(kernel, table, names).is_weak() for table in SUBSTITUTIONS)


def context_words(names: Iterable[str]) -> Iterator[str]:
    """Each name, the same without its punctuation, and its parts."""
    for name in map(str.casefold, names):
        parts = [part for part in re.split(r"[\W_]+", name) if part]
        words = (name, "".join(parts), *parts)
        yield from (word for word in words if len(word) >= MIN_CONTEXT_LENGTH)


class _Reading:
    """One way to read the letters of a password, covered piece by piece from its start."""

    def __init__(self, text: str, table: dict[int, int], names: frozenset[str]) -> None:
        self._text = text
        self._read = text.translate(table)
        self._names = names
        self._common = common_passwords()
        self._seen: set[tuple[int, frozenset[str], bool]] = set()

    def is_weak(self) -> bool:
        """A search over how far it is covered, by which words, and whether by a name."""
        waiting: list[tuple[int, frozenset[str], bool]] = [(0, frozenset(), False)]
        while waiting:
            state = waiting.pop()
            if state in self._seen:
                continue
            self._seen.add(state)
            position, words, named = state
            if position == len(self._text):
                if words or named or self._is_all_runs():
                    return True
                continue
            waiting.extend(self._next(position, words, named))
        return False

    def _next(
        self, position: int, words: frozenset[str], named: bool
    ) -> Iterator[tuple[int, frozenset[str], bool]]:
        if not self._text[position].isalpha():
            yield position + 1, words, named
        for end in self._run_ends(position):
            yield end, words, named
        longest = min(len(self._text), position + LONGEST)
        for end in range(position + MIN_CONTEXT_LENGTH, longest + 1):
            word = self._read[position:end]
            if word in self._names:
                yield end, words, True
            elif len(word) >= MIN_WORD_LENGTH and word in self._common:
                with_it = words | {word}
                if len(with_it) <= MAX_WORDS:
                    yield end, with_it, named

    def _run_ends(self, position: int) -> Iterator[int]:
        """Where runs end that begin here."""
        for end in range(position + MIN_RUN_LENGTH, len(self._text) + 1):
            part = self._text[position:end]
            if len(set(part)) > 1 and not any(part in run for run in RUNS):
                return
            yield end

    def _is_all_runs(self) -> bool:
        """Digits alone are no word: twenty of them may well be a good password."""
        covered = {0}
        for position in range(len(self._text)):
            if position in covered:
                covered.update(self._run_ends(position))
        return len(self._text) in covered
