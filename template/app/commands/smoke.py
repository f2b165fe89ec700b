"""`app smoke`: what a deployment must answer before traffic is sent to it."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Annotated, Any

import httpx2
import typer

from app.commands.password_input import PasswordFileOption, PasswordStdinOption, given_password

TIMEOUT_SECONDS = 5
GUARDED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}
"""What /metrics answers where it is closed to strangers, or not part of the service."""


class StepError(Exception):
    """A step did not answer as it must; the text says what came instead."""


@dataclass(frozen=True)
class Step:
    name: str
    passed: bool
    milliseconds: float
    detail: str


def smoke(
    base_url: Annotated[str, typer.Option(help="E.g. https://api.example.org")],
    email: Annotated[str, typer.Option(help="An account that exists for this.")],
    password_file: PasswordFileOption = None,
    password_stdin: PasswordStdinOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Ask a running service: live, ready, login, me, logout, metrics. Ends at the first failure."""
    if not base_url.startswith(("http://", "https://")):
        raise typer.BadParameter("begins with http:// or https://", param_hint="--base-url")
    password = given_password(password_file, password_stdin)
    if password is None:
        password = typer.prompt("Password", hide_input=True)
    steps = []
    with httpx2.Client(base_url=base_url, timeout=TIMEOUT_SECONDS) as client:
        for step in Deployment(client, email, password).steps():
            steps.append(step)
            if not as_json:
                _print(step)
    passed = all(step.passed for step in steps)
    if as_json:
        typer.echo(json.dumps({"passed": passed, "steps": [asdict(step) for step in steps]}))
    raise typer.Exit(0 if passed else 1)


class Deployment:
    """Each check returns what it saw; it raises StepError for another answer."""

    def __init__(self, client: httpx2.Client, email: str, password: str) -> None:
        self._client = client
        self._email = email
        self._password = password

    def steps(self) -> Iterator[Step]:
        """In order, the first failed one being the last."""
        checks = (self.live, self.ready, self.login, self.me, self.logout, self.metrics)
        for check in checks:
            step = _measured(check)
            yield step
            if not step.passed:
                return

    def live(self) -> str:
        return str(self._fields("GET", "/api/v1/health/liveness")["status"])

    def ready(self) -> str:
        return str(self._fields("GET", "/api/v1/health/readiness")["status"])

    def login(self) -> str:
        credentials = {"email": self._email, "password": self._password}
        token = self._fields("POST", "/api/v1/auth/login", json=credentials)["access_token"]
        self._client.headers["Authorization"] = f"Bearer {token}"
        return "a token was issued"

    def me(self) -> str:
        if self._fields("GET", "/api/v1/users/me")["email"] != self._email.lower():
            raise StepError("GET /api/v1/users/me is another account")
        return "the account is the one that logged in"

    def logout(self) -> str:
        self._ask("POST", "/api/v1/auth/logout", {HTTPStatus.NO_CONTENT})
        self._ask("GET", "/api/v1/users/me", {HTTPStatus.UNAUTHORIZED})
        del self._client.headers["Authorization"]
        return "the token is refused afterwards"

    def metrics(self) -> str:
        answer = self._ask("GET", "/metrics", GUARDED | {HTTPStatus.OK})
        return "not served to strangers" if answer.status_code in GUARDED else "served"

    def _fields(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        answer = self._ask(method, path, {HTTPStatus.OK}, **options)
        try:
            return dict(answer.json())
        except (TypeError, ValueError):
            raise StepError(f"{method} {path} answered no JSON object") from None

    def _ask(
        self, method: str, path: str, wanted: set[HTTPStatus], **options: Any
    ) -> httpx2.Response:
        try:
            answer = self._client.request(method, path, **options)
        except httpx2.HTTPError as error:
            raise StepError(f"no answer: {error}") from None
        if answer.status_code not in wanted:
            named = " or ".join(str(int(status)) for status in sorted(wanted))
            raise StepError(f"{method} {path} answered {answer.status_code} instead of {named}")
        return answer


def _measured(check: Callable[[], str]) -> Step:
    started = time.perf_counter()
    try:
        passed, detail = True, check()
    except StepError as error:
        passed, detail = False, str(error)
    except KeyError as error:
        passed, detail = False, f"the answer has no {error}"
    milliseconds = round((time.perf_counter() - started) * 1000, 1)
    return Step(check.__name__, passed, milliseconds, detail)


def _print(step: Step) -> None:
    mark = typer.style("ok  ", fg="green") if step.passed else typer.style("FAIL", fg="red")
    typer.echo(f"{mark} {step.name:<8} {step.milliseconds:7.1f} ms  {step.detail}")
