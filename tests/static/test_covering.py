"""The covering arrays are what the questions call for, and miss nothing that can be answered."""

from typing import Any

import pytest

from tests.support import covering, questions


@pytest.fixture(scope="module")
def large() -> questions.Model:
    """As many questions as the template is meant to have, with two kinds of refusal."""
    return questions.load(LARGE)


@pytest.mark.parametrize("array", covering.STRENGTHS)
def test_the_committed_array_is_the_one_the_questions_call_for(array: str) -> None:
    assert covering.path(array).read_text() == covering.text(array), (
        "run `uv run python -m tests.support.covering` and commit what it writes"
    )


@pytest.mark.parametrize(("array", "strength"), covering.STRENGTHS.items())
def test_no_feasible_combination_is_missing(array: str, strength: int) -> None:
    assert covering.missing(covering.model_of(array), strength, covering.shortest(array)) == []


@pytest.mark.parametrize("array", covering.STRENGTHS)
def test_every_choice_has_a_row(array: str) -> None:
    rows = covering.rows(array)
    for name, values in questions.load(without=covering.LEFT_OUT[array]).factors.items():
        question, _, choice = name.partition(questions.MEMBER)
        answers = [row[question] for row in rows if question in row]
        assert set(values) <= {choice in answer if choice else answer for answer in answers}


@pytest.mark.parametrize("strength", [2, 3])
def test_a_model_of_the_intended_size_is_covered(large: questions.Model, strength: int) -> None:
    rows = covering.make(large, strength)

    assert covering.missing(large, strength, rows) == []
    assert all(rule.holds(row) for row in rows for rule in large.constraints)


def test_the_audit_sees_a_missing_combination(large: questions.Model) -> None:
    rows = [row for row in covering.make(large, 2) if row["background_jobs"] != "arq"]

    assert {"redis": True, "background_jobs": "arq"} in covering.missing(large, 2, rows)


def test_refusals_of_questions_and_choices_become_constraints(large: questions.Model) -> None:
    partial: dict[str, Any] = {"background_jobs": "arq", "redis": False}

    assert not covering.feasible(large, partial)
    assert not covering.feasible(large, {"deployment/kubernetes": True, "deployment/docker": False})
    assert covering.feasible(large, {"background_jobs": "arq", "redis": True})


def test_chosen_members_are_gathered_into_the_answer(large: questions.Model) -> None:
    row = dict.fromkeys(large.factors, False) | {"deployment/docker": True}

    assert large.answers(row)["deployment"] == ["docker"]
    assert large.answers(row)["telemetry"] == []


def test_the_model_refuses_a_question_that_is_only_sometimes_asked() -> None:
    with pytest.raises(TypeError, match="refuse what is impossible"):
        questions.load({"ci": {"choices": ["none"], "when": "{{ redis }}"}})


def _one_of(*values: str) -> dict[str, Any]:
    return {"type": "str", "choices": {value.title(): value for value in values}}


def _any_of(*values: str) -> dict[str, Any]:
    return _one_of(*values) | {"multiselect": True}


LARGE: dict[str, Any] = {
    "project_name": {"type": "str", "default": "My Service"},
    "license": _one_of("proprietary", "MIT", "Apache-2.0", "BSD-3-Clause"),
    "database": _one_of("sqlite", "postgres"),
    "oauth_providers": _any_of("google", "okta", "entra", "github", "oidc"),
    "redis": {"type": "bool"},
    "rate_limiting": {"type": "bool"},
    "background_jobs": {
        "type": "str",
        "choices": {
            "None": "none",
            "arq": {"value": "arq", "validator": "{% if not redis %}arq needs Redis.{% endif %}"},
            "Celery": "celery",
        },
    },
    "telemetry": _any_of("prometheus", "opentelemetry"),
    "secrets_backend": _one_of("env", "vault", "aws", "gcp", "azure"),
    "deployment": _any_of("docker", "kubernetes"),
    "images": {
        "when": False,
        "type": "yaml",
        "default": "{{ 'docker' in deployment }}",
    },
    "load_testing": _one_of("none", "locust", "k6")
    | {"validator": "{% if load_testing == 'k6' and ci_late %}never{% endif %}"},
    "ci": _one_of("none", "github", "gitlab"),
}
LARGE["ci_late"] = {"when": False, "type": "yaml", "default": "false"}
LARGE["deployment"]["validator"] = (
    "{% if 'kubernetes' in deployment and 'docker' not in deployment %}Build images.{% endif %}"
)
