"""`license` decides the text of LICENSE and one line of pyproject.toml, and nothing else."""

import tomllib
from pathlib import Path

import pytest

from tests.support.rendering import render
from tests.support.trees import changed

OPENING = {
    "proprietary": "All rights reserved.",
    "MIT": "Permission is hereby granted, free of charge",
    "Apache-2.0": "Version 2.0, January 2004",
    "BSD-3-Clause": "Redistribution and use in source and binary forms",
}
EXPRESSION = {name: name for name in OPENING} | {"proprietary": "LicenseRef-Proprietary"}


@pytest.mark.parametrize("license_", OPENING)
def test_the_text_and_the_metadata_name_the_chosen_license(tmp_path: Path, license_: str) -> None:
    project = render(tmp_path / "service", license=license_, author_name="Ada & Söhne")

    text = (project / "LICENSE").read_text()
    metadata = tomllib.loads((project / "pyproject.toml").read_text())["project"]

    assert [name for name, words in OPENING.items() if words in text] == [license_]
    assert "Ada & Söhne" in text
    assert metadata["license"] == EXPRESSION[license_]
    assert metadata["license-files"] == ["LICENSE"]


@pytest.mark.parametrize("license_", list(OPENING)[1:])
def test_no_other_file_depends_on_it(tmp_path: Path, license_: str) -> None:
    proprietary = render(tmp_path / "one", license="proprietary")
    other = render(tmp_path / "other", license=license_)

    assert changed(proprietary, other) == {"LICENSE", "pyproject.toml"}
    assert _lines(other) - _lines(proprietary) == {f'license = "{license_}"'}
    assert _lines(proprietary) - _lines(other) == {'license = "LicenseRef-Proprietary"'}


def _lines(project: Path) -> set[str]:
    return set((project / "pyproject.toml").read_text().splitlines())
