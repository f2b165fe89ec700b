"""The lines a service wrote on stdout, as an operator's collector reads them."""

import json
from typing import Any


def parsed(output: bytes) -> list[dict[str, Any]]:
    """Fails on a line that is not one JSON object."""
    return [json.loads(line) for line in output.splitlines()]


def named(lines: list[dict[str, Any]], event: str) -> list[dict[str, Any]]:
    return [line for line in lines if line["event"] == event]
