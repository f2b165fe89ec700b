"""Every refused answer comes with a sentence, and every accepted one gives valid files."""

import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.environment import constrained
from tests.support.process import run
from tests.support.questions import environment
from tests.support.rendering import (
    ROOT,
    UnknownAnswerError,
    asked,
    questions,
    render,
    stored_answers,
)
from tests.support.trees import files

FREE_TEXT = ("project_name", "project_description", "author_name")

REFUSED = [
    ("project_name", "", "A service needs a name"),
    ("project_name", "   ", "A service needs a name"),
    ("project_name", "two\nlines", "one line of visible characters"),
    ("project_name", "bell\a", "one line of visible characters"),
    ("project_name", "right\u202eleft", "one line of visible characters"),
    ("project_name", " padded ", "no space before or after"),
    ("project_name", "{{ 7 * 7 }}", "cannot contain braces"),
    ("project_name", "x" * 10_000, "at most 80 characters; this one has 10000"),
    ("project_slug", "", "lowercase letters, digits and single hyphens"),
    ("project_slug", "Billing", "lowercase letters, digits and single hyphens"),
    ("project_slug", "../billing", "lowercase letters, digits and single hyphens"),
    ("project_slug", "billing\n", "lowercase letters, digits and single hyphens"),
    ("project_slug", "1st", "starts with a letter"),
    ("project_slug", "billing--api", "single hyphens"),
    ("project_slug", "grüße", "lowercase letters, digits and single hyphens"),
    ("project_slug", "x" * 10_000, "at most 50 characters"),
    ("project_slug", "app", "taken by Python or by a package"),
    ("project_slug", "json", 'try "json-service"'),
    ("project_slug", "fastapi", "taken by Python or by a package"),
    ("project_description", "", "A sentence is needed"),
    ("project_description", "one\r\ntwo", "one line of visible characters"),
    ("project_description", "{% raw %}", "cannot contain braces"),
    ("project_description", "x" * 10_000, "at most 200 characters"),
    ("author_name", "", "An owner's name is needed"),
    ("author_name", "nul\0", "one line of visible characters"),
    ("author_name", "x" * 10_000, "at most 80 characters"),
    ("author_email", "", "looks like platform@example.com"),
    ("author_email", "nobody", "looks like platform@example.com"),
    ("author_email", "a@b.example\n", "looks like platform@example.com"),
    ("author_email", '"quoted"@example.com', "looks like platform@example.com"),
    ("author_email", "a" * 10_000 + "@example.com", "looks like platform@example.com"),
    ("license", "GPL-3.0", "not in ['proprietary', 'MIT', 'Apache-2.0', 'BSD-3-Clause']"),
    ("preset", "everything", "not in ['minimal', 'standard', 'enterprise']"),
    ("database", "mysql", "not in ['sqlite', 'postgres']"),
    ("deployment", ["mainframe"], "not in ['docker', 'kubernetes']"),
    ("oauth_providers", ["myspace"], "not in ['google', 'okta', 'entra', 'github', 'oidc']"),
    ("load_testing", "jmeter", "not in ['none', 'locust', 'k6']"),
    ("telemetry", ["statsd"], "not in ['prometheus', 'opentelemetry']"),
    ("background_jobs", "rq", "not in ['none', 'arq', 'celery']"),
    ("background_jobs", "arq", "Background jobs reach their workers through Redis"),
    ("secrets_backend", "keyring", "not in ['env', 'files', 'vault', 'aws', 'gcp', 'azure']"),
    ("audit_trail", "blockchain", "not in ['none', 'log', 'chain']"),
    ("token_signing", "none", "not in ['secret', 'keys']"),
    ("jwt_library", "pyjwt", "not in ['joserfc', 'python-jose']"),
    ("ci", "jenkins", "not in ['none', 'github'"),
]

ACCEPTED = [
    'Bob\'s "Best" API',
    "back\\slash \\n \\u0041",
    "../../etc/passwd",
    "Größe, 東京 & Ελλάδα",
    "Rocket 🚀",
    "percent %s %(x)s $HOME `id` $(id)",
    '# not a comment: [x] = \'y\' # """',
    "<script>alert(1)</script>",
    "yes",
    "null",
    "3.10",
]


@pytest.mark.parametrize(("question", "answer", "sentence"), REFUSED)
def test_a_refused_answer_comes_with_a_sentence(
    tmp_path: Path, question: str, answer: str, sentence: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        render(tmp_path / "service", **{question: answer})

    assert not (tmp_path / "service").exists()


def test_every_question_is_refused_something_here() -> None:
    choosable = {name for name, question in asked().items() if question["type"] != "bool"}

    assert {question for question, _, _ in REFUSED} == choosable


@pytest.mark.parametrize("text", ACCEPTED)
def test_hostile_text_gives_valid_files(tmp_path: Path, text: str) -> None:
    project = render(tmp_path / "service", **dict.fromkeys(FREE_TEXT, text))

    metadata = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    assert metadata["description"] == text
    assert metadata["authors"][0]["name"] == text
    assert {name: stored_answers(project)[name] for name in FREE_TEXT} == dict.fromkeys(
        FREE_TEXT, text
    )
    assert set(tmp_path.iterdir()) == {project}
    for path in [*project.rglob("*.yml"), *project.rglob("*.yaml")]:
        list(yaml.safe_load_all(path.read_text()))


def test_free_text_reaches_no_python(tmp_path: Path) -> None:
    plain = render(tmp_path / "plain")
    hostile = render(tmp_path / "hostile", **dict.fromkeys(FREE_TEXT, ACCEPTED[0]))

    python, other = files(plain), files(hostile)
    names = [name for name in python if name.endswith(".py")]

    assert {name: python[name] for name in names} == {name: other[name] for name in names}


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Billing API", "billing-api"),
        ("Größe & Co.", "gr-e-co"),
        ("東京", "service"),
        ("3D Printing", "service-3d-printing"),
        ("FastAPI", "fastapi-service"),
        ("x" * 80, "x" * 40),
    ],
)
def test_the_proposed_slug_is_one_that_is_accepted(tmp_path: Path, name: str, slug: str) -> None:
    project = render(tmp_path / "service", project_name=name)

    assert stored_answers(project)["project_slug"] == slug


def test_no_slug_can_be_the_name_of_something_installed_or_of_the_standard_library() -> None:
    source = questions()["reserved_slugs"]["default"]
    reserved = set(yaml.safe_load(environment().from_string(source).render()))
    standard = {
        name.lower().replace("_", "-") for name in sys.stdlib_module_names if name[0] != "_"
    }

    assert constrained() - reserved == set()
    assert standard - reserved == set()


@pytest.mark.parametrize("typo", ["licence", "Project_name", "reserved_slugs"])
def test_an_answer_to_no_question_is_refused(tmp_path: Path, typo: str) -> None:
    answers: dict[str, Any] = {typo: "MIT"}

    with pytest.raises(UnknownAnswerError, match=typo):
        render(tmp_path / "service", **answers)


def test_the_command_line_prints_the_sentence(tmp_path: Path) -> None:
    command = f"! copier copy --defaults --data project_slug=app {ROOT} {tmp_path / 'service'}"

    printed = run("bash", "-c", command, cwd=tmp_path)

    assert 'try "app-service"' in printed
