"""The transcript in docs/how-to/update.md: a real update that keeps an edit and switches a part on.

It goes from the first release to the newest, so it changes only when a release is recorded.
Before the first release is recorded, it stays on the coming one.
`uv run python -m tests.support.transcript` writes it anew.
"""

import re
import sys
import tempfile
from pathlib import Path

from tests.support.history import tagged_clone
from tests.support.ledger import Ledger, next_version
from tests.support.process import run
from tests.support.projects import commit
from tests.support.rendering import ROOT, git, render

PAGE = ROOT / "docs" / "how-to" / "update.md"
PLACE = re.compile(r"(?<=<!-- transcript -->\n).*?(?=<!-- end of transcript -->)", re.DOTALL)
UPDATE = "uvx 'copier>=9.19.1,<10' update --defaults --skip-answered -c 1000"
STEPS = (
    "sed -i 's/^MAX_LIMIT = 100$/MAX_LIMIT = 250/' app/core/database/pagination.py",
    "git commit --quiet --all --message 'Allow pages of 250'",
    f"{UPDATE} --data ci=github",
    "git status --short",
    "git diff .copier-answers.yml | grep '^[-+][a-z_]'",
    "grep '^MAX_LIMIT' app/core/database/pagination.py",
)
# The documented command, run by the Copier that this repository has locked.
INSTALLED = f"uvx() {{ shift; '{sys.executable}' -m copier \"$@\"; }}\n"


def transcript() -> str:
    with tempfile.TemporaryDirectory(prefix="transcript-") as name:
        project = scaffold(Path(name))
        lines = [line for step in STEPS for line in (f"$ {step}", *output(project, step))]
    return "\n```text\n" + "\n".join(lines) + "\n```\n\n"


def scaffold(directory: Path) -> Path:
    ledger = Ledger.read()
    template = tagged_clone(directory / "template", ledger)
    if ledger.releases:
        git(template, "tag", "--delete", f"v{next_version()}")
    oldest = ledger.releases[0].version if ledger.releases else next_version()
    project = render(
        directory / "my-service", template=template, vcs_ref=f"v{oldest}", preset="minimal"
    )
    git(project, "init", "--quiet")
    commit(project, "Scaffold")
    return project


def output(project: Path, step: str) -> list[str]:
    printed = run("bash", "-euo", "pipefail", "-c", INSTALLED + step, cwd=project)
    return [line.rstrip() for line in printed.replace(str(project.parent), "..").splitlines()]


def write() -> None:
    PAGE.write_text(PLACE.sub(lambda _: transcript(), PAGE.read_text()))


if __name__ == "__main__":
    write()
