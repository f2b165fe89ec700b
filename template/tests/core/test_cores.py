"""A container that may use less than its machine has hashes no more passwords at once than that."""

import os
from pathlib import Path

import pytest

from app.core import cores


@pytest.mark.parametrize(
    ("limit", "available"),
    [
        ("100000 100000\n", 1),
        ("150000 100000\n", 2),
        ("50000 100000\n", 1),
        ("1600000 100000\n", 8),
        ("max 100000\n", 8),
        ("nonsense", 8),
        (None, 8),
    ],
)
def test_the_limit_of_the_container_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str | None, available: int
) -> None:
    file = tmp_path / "cpu.max"
    if limit is not None:
        file.write_text(limit)
    monkeypatch.setattr(cores, "LIMIT", file)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)

    assert cores.available() == available
