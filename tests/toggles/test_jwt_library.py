"""`jwt_library`: one module calls the library, and a token of one verifies with the other."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.environment import prepare
from tests.support.parts import assert_exactly, mentions
from tests.support.process import run
from tests.support.rendering import render

ANSWERS: dict[str, Any] = {"preset": "minimal", "token_signing": "keys"}
LIBRARIES = ["joserfc", "python-jose"]
WORDS = {"joserfc": r"joserfc", "python-jose": r"(?i)python.jose|\bjose\b"}
SECRET = "vJ3xT9qLw2RzK7mNb5Yc8HdF4sGp6AeU"  # noqa: S105
KEY = {
    "HS256": f"SigningKey.of_secret(b'{SECRET}')",
    "ES256": "signing_key('20260101T000000Z', 'ES256', Path(sys.argv[1]).read_bytes())",
}
IMPORTS = """
import sys
from pathlib import Path
from app.core.security.signing_key import SigningKey
from app.features.signing_keys.asymmetric import new_pem, signing_key
"""
WRITE = f"{IMPORTS}Path(sys.argv[1]).write_bytes(new_pem('ES256'))"
SIGN = IMPORTS + "print({key}.sign('at+jwt', b'{{\"sub\":\"me\"}}'))"
VERIFY = IMPORTS + "print({key}.verify(sys.argv[2]).decode())"


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = {}
    for library in LIBRARIES:
        folder = tmp_path_factory.mktemp(library) / "service"
        made[library] = render(folder, jwt_library=library, **ANSWERS)
        prepare(made[library])
    return made


def test_exactly_its_packages_and_its_module_change(tmp_path: Path) -> None:
    assert_exactly(
        tmp_path,
        ANSWERS | {"jwt_library": "joserfc"},
        ANSWERS | {"jwt_library": "python-jose"},
        gained={
            "pyproject.toml": {
                '    "python-jose[cryptography]~=3.5",',
                '    "types-python-jose~=3.5",',
            }
        },
        lost={"pyproject.toml": {'    "joserfc~=1.8",'}},
        rewritten={"app/core/security/signing_key.py"},
    )


@pytest.mark.parametrize(("chosen", "other"), [LIBRARIES, LIBRARIES[::-1]])
@pytest.mark.parametrize("signing", ["secret", "keys"])
def test_there_is_no_word_of_the_other(
    tmp_path: Path, chosen: str, other: str, signing: str
) -> None:
    answers = ANSWERS | {"token_signing": signing}
    project = render(tmp_path / "service", jwt_library=chosen, **answers)

    assert mentions(project, re.compile(WORDS[other])) == {}


@pytest.mark.parametrize("algorithm", KEY)
@pytest.mark.parametrize(("signer", "verifier"), [LIBRARIES, LIBRARIES[::-1]])
def test_a_token_of_one_verifies_with_the_other(
    projects: dict[str, Path], tmp_path: Path, signer: str, verifier: str, algorithm: str
) -> None:
    pem, key = str(tmp_path / "key.pem"), KEY[algorithm]
    _python(projects[signer], WRITE, pem)

    token = _python(projects[signer], SIGN.format(key=key), pem).strip()

    verified = _python(projects[verifier], VERIFY.format(key=key), pem, token)
    assert verified.strip() == '{"sub":"me"}'


def _python(project: Path, code: str, *arguments: str) -> str:
    return run(".venv/bin/python", "-c", code, *arguments, cwd=project)
