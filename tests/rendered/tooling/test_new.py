"""`app new domain`: what it writes, and what it refuses before it writes anything.

The domains of these tests have names that an owner's domains hardly have.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import project
from tests.support.command_line import App
from tooling.new.domain import write_domain
from tooling.new.names import RefusedError, singular_of
from tooling.new.registration import with_domain

FIELDS = ["title:str:120", "notes:text?", "size:int", "share:float", "price:decimal:10:2"]
FIELDS += ["done:bool", "day:date", "due:datetime?", "batch:uuid", "owner:ref:users?"]
UPGRADE_AND_CHECK = """
from typer.testing import CliRunner

from app.cli import cli

for word in ("upgrade", "check"):
    result = CliRunner().invoke(cli, ["db", word])
    assert result.exit_code == 0, result.output
"""
READ_FROM_REPLICA = """
from tests.domains.specimens.factory import PATH, make_specimen
from tests.support.factories import logged_in
from tests.support.service import Start


async def test_a_list_and_a_row_of_it_are_of_one_state(start: Start, replica_url: str) -> None:
    async with start(database_read_url=replica_url) as service:
        header = (await logged_in(service, is_superuser=True)).header
        specimen = await make_specimen(service)
        listed = await service.client.get(PATH, headers=header)
        read = await service.client.get(f"{PATH}/{specimen.id}", headers=header)

    assert (listed.json()["total"], read.status_code) == (0, 404)
"""
SEEDED = """from app.domains import Domain

DOMAINS: tuple[Domain, ...] = ()
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    made = project.copied(tmp_path)
    shutil.copy(project.ROOT / "pyproject.toml", made)
    return made


def files(root: Path) -> dict[str, bytes]:
    """What is not bytecode or a cache."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and "cache" not in str(path.relative_to(root))
    }


def ruff(copy: Path, *words: str) -> int:
    command = [sys.executable, "-m", "ruff", *words, "--no-cache", "app/domains", "tests"]
    return subprocess.run(command, cwd=copy, check=False).returncode


def test_a_domain_is_clean_formatted_and_the_only_change(copy: Path) -> None:
    before = files(copy)

    written = write_domain(copy, "specimens", FIELDS)

    after = files(copy)
    changed = {path for path in after if before.get(path) != after[path]}
    assert changed == set(written)
    assert set(before) - set(after) == set()
    own = ("app/domains/specimens/", "tests/domains/", "migrations/versions/", "app/installed.py")
    assert all(path.startswith(own) for path in changed)
    assert ruff(copy, "check") == 0
    assert ruff(copy, "format", "--check") == 0


def test_a_domain_may_refer_to_one_that_was_made_before(copy: Path) -> None:
    write_domain(copy, "crucibles", ["size:int"])
    write_domain(copy, "ampoules", ["weight:float", "crucible:ref:crucibles"])

    factory = (copy / "tests" / "domains" / "ampoules" / "factory.py").read_text()
    assert "make_crucible(service)" in factory
    assert (
        '"crucibles.id", ondelete="RESTRICT"'
        in (copy / "app" / "domains" / "ampoules" / "models.py").read_text()
    )


def test_the_revision_says_what_the_models_say(copy: Path, tmp_path: Path) -> None:
    database = {"DATABASE_URL": f"sqlite:///{tmp_path}/app.db"}

    made, output = project.run(copy, "new", "domain", "specimens", *FIELDS)
    checked = subprocess.run(
        [sys.executable, "-c", UPGRADE_AND_CHECK],
        cwd=copy,
        env=project.environment(copy) | database,
        timeout=project.TIMEOUT_SECONDS,
        check=False,
    )

    assert made == 0, output
    assert checked.returncode == 0


@pytest.mark.slow
def test_its_own_tests_pass_and_reads_go_to_the_replica(copy: Path) -> None:
    write_domain(copy, "specimens", FIELDS)
    project.write(copy / "tests/domains/specimens/test_replica.py", READ_FROM_REPLICA)

    said = project.run_tests(copy, "tests/domains/specimens")

    assert re.search(r"^\d+ passed in ", said, re.MULTILINE), said


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["Specimens", "a:int"], "is not a name"),
        (["specimens__x", "a:int"], "is not a name"),
        (["../specimens", "a:int"], "is not a name"),
        (["p" * 31 + "s", "a:int"], "longer than 30"),
        (["staff", "a:int"], "--singular"),
        (["buses", "a:int", "--singular", "class"], "a word of Python"),
        (["users", "a:int"], "of its own"),
        (["pages", "a:int"], "has a meaning of its own"),
        (["tags", "a:int"], "has a meaning of its own"),
        (["bodies", "a:int"], "has a meaning of its own"),
        (["specimens", "a"], "has no type"),
        (["specimens", "a:money"], "has no type"),
        (["specimens", "a:int:4"], "has no type"),
        (["specimens", "a:str:0"], "1 to 2000"),
        (["specimens", "a:str:9999"], "1 to 2000"),
        (["specimens", "a:decimal"], "decimal:10:2"),
        (["specimens", "a:decimal:10"], "decimal:10:2"),
        (["specimens", "a:decimal:19:2"], "1 to 18"),
        (["specimens", "a:decimal:2:3"], "1 to 18"),
        (["specimens", "a:decimal:0:0"], "1 to 18"),
        (["specimens", "a:decimal:10:-2"], "decimal:10:2"),
        (["specimens", "a:decimal:10:2:1"], "decimal:10:2"),
        (["decimals", "a:decimal:10:2"], "has a meaning of its own"),
        (["specimens", "A:int"], "is not a name"),
        (["specimens", "class:int"], "a word of Python"),
        (["specimens", "a:int", "a:text"], "named twice"),
        (["specimens", "id:int"], "a meaning of its own"),
        (["specimens", "metadata:text"], "a meaning of its own"),
        (["specimens", "model_config:text"], "a meaning of its own"),
        (["specimens", "limit:int"], "a meaning of its own"),
        (["specimens", "date:date"], "a meaning of its own"),
        (["specimens", "password:str"], "a secret"),
        (["specimens", "owner:ref:users"], "at least one field"),
        (["specimens", "a:int", "b:ref:roles"], "users or to a domain"),
        (["specimens", "a:int", "b:ref:nothing"], "users or to a domain"),
    ],
)
def test_what_cannot_be_made_is_a_sentence(app: App, words: list[str], sentence: str) -> None:
    before = (project.ROOT / "app" / "installed.py").read_bytes()

    result = app("new", "domain", *words)

    assert result.exit_code == 1
    assert sentence in result.output
    assert (project.ROOT / "app" / "installed.py").read_bytes() == before


def test_a_name_of_the_database_that_is_too_long_is_refused(copy: Path) -> None:
    field = f"{'o' * 30}:ref:users"

    with pytest.raises(RefusedError, match="too long"):
        write_domain(copy, "p" * 28 + "s", ["a:int", field])


def test_a_domain_is_not_written_twice(copy: Path) -> None:
    write_domain(copy, "specimens", ["a:int"])
    before = files(copy)

    with pytest.raises(RefusedError, match="is there already"):
        write_domain(copy, "specimens", ["a:int"])

    assert files(copy) == before


@pytest.mark.parametrize(
    ("plural", "singular"),
    [
        ("projects", "project"),
        ("companies", "company"),
        ("boxes", "box"),
        ("classes", "class"),
        ("branches", "branch"),
        ("houses", "house"),
        ("purchase_orders", "purchase_order"),
        ("staff", None),
        ("status", None),
        ("address", None),
    ],
)
def test_the_singular_of_a_plural(plural: str, singular: str | None) -> None:
    assert singular_of(plural) == singular


def test_registering_twice_changes_nothing() -> None:
    once = with_domain(SEEDED, "projects")

    assert "(projects.DOMAIN,)" in once
    assert with_domain(once, "projects") == once


@pytest.mark.parametrize(
    "domains",
    [
        "(ours.DOMAIN,)",
        "(ours.DOMAIN, )",
        "(\n    ours.DOMAIN,  # größer als die anderen\n)",
        "(  # ours first\n    ours.DOMAIN,\n)",
        "(ours.DOMAIN, *more())",
    ],
)
def test_a_domain_joins_what_is_registered(domains: str) -> None:
    source = f"from app.domains import ours\n\nDOMAINS: tuple[Domain, ...] = {domains}\n"

    text = with_domain(source, "projects")

    assert "from app.domains import projects\n" in text
    assert all(line in text for line in ("ours.DOMAIN", "projects.DOMAIN"))
    compile(text, "installed.py", "exec")
    if "größer" in domains:
        assert "# größer als die anderen" in text


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("DOMAINS = [ours.DOMAIN]\n", "write the domain in by hand"),
        ("def domains():\n    return ()\n", "write the domain in by hand"),
        ("DOMAINS = (\n", "is no Python"),
        ("from elsewhere import projects\n\nDOMAINS = ()\n", "uses the name projects"),
    ],
)
def test_a_file_of_another_shape_is_left_to_its_owner(source: str, sentence: str) -> None:
    with pytest.raises(RefusedError, match=sentence):
        with_domain(source, "projects")
