"""How many random bytes stand in what nobody may guess."""

from importlib import import_module

from tests.support.project import ROOT

BYTES = {
    "app/features/api_keys/service.py": "SECRET_BYTES",
    "app/features/registration/repository.py": "TOKEN_BYTES",
    "app/features/state_store/__init__.py": "HANDLE_BYTES",
}


def test_what_must_not_be_guessed_has_256_bits() -> None:
    for path, name in BYTES.items():
        if (ROOT / path).is_file():
            module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            assert vars(import_module(module))[name] >= 32, module
