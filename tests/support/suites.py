"""Which tests of a rendered project run where.

docs/decisions/0017-rows-share-out-the-tests.md says why a row runs a share of them.
"""

from pathlib import Path

# One process a row, because rows run beside each other; tracing lines doubles a row's time, so
# the presets with nothing and with everything alone are run whole and in parallel, and coverage's
# floors are held for the first, and for the other one where `--row` chooses it.
IN_ONE_PROCESS = ("--numprocesses=0", "--no-cov")
# They start programs and a browser, and hardly depend on answers: each preset runs them.
WITH_PRESETS = ("browser", "commands", "tooling")
SHARES = 12
BESIDE_THE_SUITE = "(fault or slow)"
FLOORS = {
    "app/*": 90,
    "app/api/v1/endpoints/auth.py": 90,
    "app/core/database/sessions.py": 90,
    "app/cli.py": 85,
}
"""Per cent of lines and branches, by the pattern of the files they are required of."""
THOUSANDS_OF_CASES = ("-m", "slow", "tests/api/test_schema.py")
# Thousands of requests and accounts: where every part is.
WITH_EVERY_PART = tuple(
    f"--ignore=tests/{one}"
    for one in ("api/test_schema.py", "api/v1/test_equal_time.py", "commands", "tooling")
)


def share(project: Path, number: int) -> list[str]:
    """Every twelfth file of tests, from that number on: the rows run all of them."""
    tests = project / "tests"
    files = sorted(path.relative_to(tests) for path in tests.rglob("test_*.py"))
    shared = [path for path in files if path.parts[0] not in WITH_PRESETS]
    return [f"tests/{path.as_posix()}" for path in shared[number % SHARES :: SHARES]]
