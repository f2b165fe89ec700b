"""A password for a command: from a file or standard input, never from an argument."""

import sys
from pathlib import Path
from typing import Annotated

import typer

PasswordFileOption = Annotated[
    Path | None,
    typer.Option(help="A file that holds the password.", exists=True, dir_okay=False),
]
PasswordStdinOption = Annotated[bool, typer.Option(help="Read the password from standard input.")]


def asked_password(file: Path | None, from_stdin: bool) -> str:
    """Prompts where neither was asked for."""
    given = given_password(file, from_stdin)
    if given is not None:
        return given
    prompted: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return prompted


def given_password(file: Path | None, from_stdin: bool) -> str | None:
    """None where neither was asked for."""
    if file is not None:
        return file.read_text().rstrip("\n")
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    return None
