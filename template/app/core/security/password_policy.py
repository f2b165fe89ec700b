"""What a new password must be, wherever it is set: by a route, an administrator or a command.

NIST SP 800-63B-4: a length and a blocklist; no composition rules, and nothing is cut or folded.
"""

import gzip
import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.resources import files

import httpx2
import structlog

from app.core import project
from app.core.http.errors import Unprocessable

log = structlog.get_logger("app.passwords")

BREACH_CHECK_TIMEOUT_SECONDS = 2.0
PREFIX_LENGTH = 5
MAX_ANSWER_BYTES = 1_000_000
PADDED = {"Add-Padding": "true"}
"""Lines of the answer are `SUFFIX:COUNT`; those that only pad it have a count of 0."""


class PasswordPolicy:
    def __init__(self, min_length: int, breach_check_url: str | None = None) -> None:
        self._min_length = min_length
        self._breach_check_url = breach_check_url

    async def check(self, password: str, *names: str) -> None:
        """`names` are the username and the address of whose password it is.

        Raises Unprocessable `password_too_short` or `password_blocked`.
        """
        self.check_offline(password, names)
        if self._breach_check_url and await self._is_breached(password, self._breach_check_url):
            raise _blocked("This password stands in a list of stolen ones.")

    def check_offline(self, password: str, names: Iterable[str]) -> None:
        if len(password) < self._min_length:
            raise Unprocessable(
                "password_too_short", f"A password has at least {self._min_length} characters."
            )
        if is_blocked(password, (project.project().name, *names)):
            raise _blocked("This password is too easy to guess; a few unrelated words are better.")

    async def _is_breached(self, password: str, url: str) -> bool:
        """Only five characters of the SHA-1 leave the service; no answer counts as not found."""
        known = password.encode("utf-8", "surrogatepass")
        digest = hashlib.sha1(known, usedforsecurity=False).hexdigest().upper()
        prefix, suffix = digest[:PREFIX_LENGTH], digest[PREFIX_LENGTH:]
        try:
            async with httpx2.AsyncClient(timeout=BREACH_CHECK_TIMEOUT_SECONDS) as client:
                answer = await client.get(f"{url.rstrip('/')}/{prefix}", headers=PADDED)
                lines = answer.raise_for_status().text[:MAX_ANSWER_BYTES].splitlines()
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            log.warning("password.breach_check_failed", error=type(error).__name__)
            return False
        counts = {line.partition(":")[0].upper(): line.partition(":")[2].strip() for line in lines}
        return counts.get(suffix, "0") != "0"


def _blocked(detail: str) -> Unprocessable:
    return Unprocessable("password_blocked", detail)


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


type _State = tuple[int, frozenset[str], bool, bool]
"""How far a password is covered, by which words, whether by a name, and whether it was skipped."""


class _Reading:
    """One way to read the letters of a password, covered piece by piece from its start."""

    def __init__(self, text: str, table: dict[int, int], names: frozenset[str]) -> None:
        self._text = text
        self._read = text.translate(table)
        self._names = names
        self._common = common_passwords()

    def is_weak(self) -> bool:
        """Digits alone are no word: twenty of them that form no run may be a good password."""
        seen: set[_State] = set()
        waiting: list[_State] = [(0, frozenset(), False, False)]
        while waiting:
            state = waiting.pop()
            if state in seen:
                continue
            seen.add(state)
            position, words, named, skipped = state
            if position < len(self._text):
                waiting.extend(self._next(*state))
            elif words or named or not skipped:
                return True
        return False

    def _next(
        self, position: int, words: frozenset[str], named: bool, skipped: bool
    ) -> Iterator[_State]:
        if not self._text[position].isalpha():
            yield position + 1, words, named, True
        for end in self._run_ends(position):
            yield end, words, named, skipped
        longest = min(len(self._text), position + LONGEST)
        for end in range(position + MIN_CONTEXT_LENGTH, longest + 1):
            word = self._read[position:end]
            if word in self._names:
                yield end, words, True, skipped
            elif len(word) >= MIN_WORD_LENGTH and word in self._common:
                with_it = words | {word}
                if len(with_it) <= MAX_WORDS:
                    yield end, with_it, named, skipped

    def _run_ends(self, position: int) -> Iterator[int]:
        """Where runs end that begin here."""
        for end in range(position + MIN_RUN_LENGTH, len(self._text) + 1):
            part = self._text[position:end]
            if len(set(part)) > 1 and not any(part in run for run in RUNS):
                return
            yield end


DATA = "common_passwords.gz"
LONGEST = 64


@lru_cache
def common_passwords() -> frozenset[str]:
    """In lower case."""
    data = files("app.core.security").joinpath(DATA).read_bytes()
    return frozenset(gzip.decompress(data).decode("ascii").splitlines())
