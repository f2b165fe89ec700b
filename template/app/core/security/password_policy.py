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
from itertools import combinations

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
MIN_PART_LENGTH = 3
"""Of a name and of a run."""
MAX_WORDS = 2
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

type _Cover = tuple[frozenset[str], bool, bool]
"""The common words of a text so far, whether it holds a name, and whether anything was skipped."""


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
    return any(_is_weak(kernel, kernel.translate(table), names) for table in SUBSTITUTIONS)


def context_words(names: Iterable[str]) -> Iterator[str]:
    """Each name, the same without its punctuation, and its parts."""
    for name in map(str.casefold, names):
        parts = [part for part in re.split(r"[\W_]+", name) if part]
        words = (name, "".join(parts), *parts)
        yield from (word for word in words if len(word) >= MIN_PART_LENGTH)


def _is_weak(text: str, read: str, names: frozenset[str]) -> bool:
    """Whether it is made of names, runs and few common words, with no letter between them.

    `read` is the text with the letters that its digits may stand for. Digits alone are no word:
    twenty of them that form no run may be a good password.
    """
    common = common_passwords()
    covers: list[set[_Cover]] = [set() for _ in range(len(text) + 1)]
    covers[0].add((frozenset(), False, False))
    for start, end in combinations(range(len(text) + 1), 2):
        before, word = covers[start], read[start:end]
        if not before:
            continue
        if end == start + 1 and not text[start].isalpha():
            covers[end] |= {(words, named, True) for words, named, _ in before}
        if _is_run(text[start:end]):
            covers[end] |= before
        if word in names:
            covers[end] |= {(words, True, skipped) for words, _, skipped in before}
        elif len(word) >= MIN_WORD_LENGTH and word in common:
            with_it = {(words | {word}, named, skipped) for words, named, skipped in before}
            covers[end] |= {cover for cover in with_it if len(cover[0]) <= MAX_WORDS}
    return any(words or named or not skipped for words, named, skipped in covers[-1])


def _is_run(part: str) -> bool:
    is_one = len(set(part)) == 1
    return len(part) >= MIN_PART_LENGTH and (is_one or any(part in run for run in RUNS))


@lru_cache
def common_passwords() -> frozenset[str]:
    """In lower case."""
    data = files("app.core.security").joinpath("common_passwords.gz").read_bytes()
    return frozenset(gzip.decompress(data).decode("ascii").splitlines())
