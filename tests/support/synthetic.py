"""A release that never happens: a page, changed lines, a dependency, a revision, a question.

The question is one that the preset `enterprise` switches on: docs/decisions/0004-presets-grow.md
"""

import re
from pathlib import Path

from tests.support.ledger import Facts, announce
from tests.support.rendering import git

NEW_PAGE = "docs/how-to/read-the-synthetic-page.md"
TOGGLED_PAGE = "docs/how-to/use-the-synthetic-feature.md"
NOTES = "docs/upgrade-notes.md.jinja"
CHANGED_FILE = "app/core/database/pagination.py"
# The owner of tests/support/owner.py edits the first two, deletes the third and moves the fourth.
ALSO_CHANGED = (
    ".env.example.jinja",
    ".github/workflows/ci.yml",
    ".editorconfig",
    "docs/how-to/update.md",
)
QUESTION = "synthetic_feature"
YOURS = "    # yours below\n"
DEPENDENCY = '    "tomli-w~=1.2",\n'

FACTS = Facts(
    questions_added=(QUESTION,),
    questions_changed=("preset_generation",),
    manual=("run `uv run app db upgrade`",),
)
GENERATION = re.compile(r"(?<=^preset_generation:\n)((?:  .*\n)*?  default: )(\d+)$", flags=re.M)

EXTENSION = f"""\
{QUESTION}:
  type: bool
  help: Should the synthetic feature be there?
  default: "{{{{ preset == 'enterprise' and preset_generation >= {{generation}} }}}}"

_exclude:
  - "{{% if not ({QUESTION} | default(false)) %}}/{TOGGLED_PAGE}{{% endif %}}"
"""
COMMENT = "# As of the synthetic release.\n"

REVISION = '''\
"""Applies nothing; it stands for a table that a later release of the template brings."""

revision = "{revision}"
down_revision = "{down_revision}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
'''


def release_synthetically(clone: Path, version: str) -> None:
    template = clone / "template"
    for page in (NEW_PAGE, TOGGLED_PAGE):
        (template / page).parent.mkdir(parents=True, exist_ok=True)
        (template / page).write_text(f"# {Path(page).stem}\n\nIt came with release {version}.\n")
    change_first_line(template / CHANGED_FILE)
    for path in ALSO_CHANGED:
        add_comment(template / path)
    add_dependency(template / "pyproject.toml.jinja")
    add_revision(template / "migrations" / "baseline")
    add_question(clone)
    add_notes(template / NOTES, version)
    announce(clone / "pyproject.toml", version)
    git(clone, "add", "--all")
    git(clone, "commit", "--quiet", "--message", f"Release {version}")
    git(clone, "tag", f"v{version}")


def change_first_line(module: Path) -> None:
    first, rest = module.read_text().split("\n", 1)
    module.write_text(f"{first.replace('.', ', as of the synthetic release.', 1)}\n{rest}")


def add_comment(path: Path) -> None:
    path.write_text(COMMENT + path.read_text())


def add_dependency(pyproject: Path) -> None:
    above, below = pyproject.read_text().split(YOURS, 1)
    pyproject.write_text(f"{above}{DEPENDENCY}{YOURS}{below}")


def add_revision(branch: Path) -> None:
    (head,) = heads(branch)
    content = REVISION.format(revision="b_synthetic", down_revision=head)
    (branch / "b_synthetic.py").write_text(content)


def add_question(clone: Path) -> None:
    declaration = clone / "copier.yml"
    text, generation = raise_generation(declaration.read_text())
    declaration.write_text(f"{text}---\n!include extensions/synthetic.yml\n")
    extension = EXTENSION.replace("{generation}", str(generation))
    (clone / "extensions" / "synthetic.yml").write_text(extension)


def raise_generation(declaration: str) -> tuple[str, int]:
    """The text of copier.yml with the next generation of the presets, and its number."""
    stands = GENERATION.search(declaration)
    assert stands, "copier.yml has no preset_generation"
    generation = int(stands[2]) + 1
    return GENERATION.sub(rf"\g<1>{generation}", declaration), generation


def heads(branch: Path) -> set[str]:
    """Revisions of a folder that no other revision of it follows."""
    text = "\n".join(path.read_text() for path in sorted(branch.glob("*.py")))
    ids = re.findall(r"^revision(?::.*?)? = ['\"](.+?)['\"]", text, flags=re.M)
    followed = re.findall(r"^down_revision(?::.*?)? = ['\"](.+?)['\"]", text, flags=re.M)
    return set(ids) - set(followed)


def add_notes(page: Path, version: str) -> None:
    """One that every project has, and one that depends on an answer."""
    head, releases = page.read_text().split("\n## ", 1)
    switched = f"{{% if {QUESTION} %}}\n- Feed the synthetic feature.\n{{% endif %}}\n"
    notes = f"\n## {version}\n\n- Read the synthetic page.\n{switched}"
    page.write_text(f"{head}{notes}\n## {releases}")
