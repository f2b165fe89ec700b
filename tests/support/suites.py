"""Which tests of a rendered project run where."""

# One process a row, because rows run beside each other; tracing lines doubles a row's time, so
# the presets with nothing and with everything alone are run as their owners run them, in parallel
# and with coverage's floors.
IN_ONE_PROCESS = ("--numprocesses=0", "--no-cov")
# What hardly depends on answers: each preset runs it, and so does a row that is chosen by `--row`.
WITH_PRESETS = tuple(
    f"--ignore=tests/{part}" for part in ("browser", "commands", "core", "services")
)
BESIDE_THE_SUITE = "(fault or slow)"
# Thousands of requests and accounts: where every part is.
WITH_EVERY_PART = ("--ignore=tests/api/test_schema.py", "--ignore=tests/commands")
