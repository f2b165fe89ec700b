"""Commands in a real terminal: what is asked for, what is coloured, and what is not."""

import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

from tests.support import project
from tests.support.factories import PASSWORD

COLOUR = re.compile(rb"\x1b\[[0-9;]*m")
TIMEOUT_SECONDS = 60


class Terminal:
    """A command on a pseudo-terminal: somebody reads what it prints, and types."""

    def __init__(self, *words: str, cwd: Path, **variables: str) -> None:
        self.printed = b""
        self._ours, theirs = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "app", *words],
            cwd=cwd,
            env=project.environment(project.ROOT) | {"TERM": "xterm"} | variables,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)

    def answer(self, prompt: bytes, text: str) -> None:
        """Types the text once the prompt is there, after all that was read before."""
        start = len(self.printed)
        while prompt not in self.printed[start:]:
            assert self._read(), self.printed
        os.write(self._ours, text.encode() + b"\n")

    def ended(self) -> int:
        while self._read():
            pass
        os.close(self._ours)
        return self._process.wait(TIMEOUT_SECONDS)

    def _read(self) -> bool:
        """Whether there was more; the end of a terminal is an error where its program has gone."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        ready, _, _ = select.select([self._ours], [], [], max(0, deadline - time.monotonic()))
        assert ready, self.printed
        try:
            chunk = os.read(self._ours, 4096)
        except OSError:
            return False
        self.printed += chunk
        return bool(chunk)


def test_the_first_administrator_is_asked_for_and_the_password_is_not_shown(
    configured: str, tmp_path: Path
) -> None:
    terminal = Terminal("init-admin", cwd=tmp_path, DATABASE_URL=configured)

    terminal.answer(b"E-mail: ", "ada@example.com")
    terminal.answer(b"Username: ", "ada")
    terminal.answer(b"Password: ", PASSWORD)
    terminal.answer(b"Repeat for confirmation: ", PASSWORD)

    assert terminal.ended() == 0, terminal.printed
    assert b"ada is now an administrator" in terminal.printed
    assert PASSWORD.encode() not in terminal.printed


def test_a_refusal_is_red(tmp_path: Path) -> None:
    terminal = Terminal("config", "check", cwd=tmp_path, ENVIRONMENT="production")

    assert terminal.ended() == 1
    assert b"SECRET_KEY" in terminal.printed
    assert COLOUR.search(terminal.printed)


def test_nothing_is_coloured_in_a_pipe() -> None:
    status, printed = project.run(project.ROOT, "config", "check", ENVIRONMENT="production")

    assert status == 1
    assert "SECRET_KEY" in printed
    assert not COLOUR.search(printed.encode())


def test_a_shell_completes_commands(tmp_path: Path) -> None:
    asked = {"_APP_COMPLETE": "complete_bash", "COMP_WORDS": "app ke", "COMP_CWORD": "1"}
    process = subprocess.run(
        [Path(sys.executable).with_name("app")],
        cwd=tmp_path,
        env=project.environment(project.ROOT) | asked,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )

    assert process.stdout.split() == ["keys"]
