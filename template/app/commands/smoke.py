"""`app smoke`: what a deployment must answer before traffic is sent to it."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from typing import Annotated, Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

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


@dataclass
class Deployment:
    base_url: str
    token: str | None = field(default=None, repr=False)

    def ask(self, method: str, path: str, body: dict[str, str] | None = None) -> tuple[int, bytes]:
        """Status and body. Raises StepError where nobody answers."""
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if path == "/metrics":
            headers["Accept"] = "text/plain"
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        data = None if body is None else json.dumps(body).encode()
        request = Request(self.base_url + path, data, headers, method=method)  # noqa: S310
        try:
            with urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
                return answer.status, answer.read()
        except HTTPError as error:
            return error.code, error.read()
        except (URLError, OSError) as error:
            raise StepError(f"no answer: {getattr(error, 'reason', error)}") from None

    def expect(
        self, wanted: HTTPStatus, method: str, path: str, body: dict[str, str] | None = None
    ) -> bytes:
        status, content = self.ask(method, path, body)
        if status != wanted:
            raise StepError(f"{method} {path} answered {status} instead of {wanted.value}")
        return content


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
    for step in _run(Deployment(base_url.rstrip("/")), email, password):
        steps.append(step)
        if not as_json:
            _print(step)
    passed = all(step.passed for step in steps)
    if as_json:
        typer.echo(json.dumps({"passed": passed, "steps": [asdict(step) for step in steps]}))
    raise typer.Exit(0 if passed else 1)


def _run(deployment: Deployment, email: str, password: str) -> Iterator[Step]:
    """The steps in order, the first failed one being the last."""
    credentials = {"email": email, "password": password}
    actions: dict[str, Callable[[], str]] = {
        "live": lambda: _plain(deployment, "/api/v1/health/liveness"),
        "ready": lambda: _plain(deployment, "/api/v1/health/readiness"),
        "login": lambda: _login(deployment, credentials),
        "me": lambda: _me(deployment, email),
        "logout": lambda: _logout(deployment),
        "metrics": lambda: _metrics(deployment),
    }
    for name, action in actions.items():
        started = time.perf_counter()
        try:
            passed, detail = True, action()
        except StepError as error:
            passed, detail = False, str(error)
        yield Step(name, passed, round((time.perf_counter() - started) * 1000, 1), detail)
        if not passed:
            return


def _plain(deployment: Deployment, path: str) -> str:
    return str(_parsed(deployment.expect(HTTPStatus.OK, "GET", path)).get("status"))


def _login(deployment: Deployment, credentials: dict[str, str]) -> str:
    answer = deployment.expect(HTTPStatus.OK, "POST", "/api/v1/auth/login", credentials)
    deployment.token = str(_parsed(answer).get("access_token"))
    return "a token was issued"


def _me(deployment: Deployment, email: str) -> str:
    answer = _parsed(deployment.expect(HTTPStatus.OK, "GET", "/api/v1/users/me"))
    if answer.get("email") != email.lower():
        raise StepError("GET /api/v1/users/me is somebody else")
    return "the account is the one that logged in"


def _logout(deployment: Deployment) -> str:
    deployment.expect(HTTPStatus.NO_CONTENT, "POST", "/api/v1/auth/logout")
    deployment.expect(HTTPStatus.UNAUTHORIZED, "GET", "/api/v1/users/me")
    deployment.token = None
    return "the token is refused afterwards"


def _metrics(deployment: Deployment) -> str:
    status, _ = deployment.ask("GET", "/metrics")
    if status == HTTPStatus.OK:
        return "served"
    if status in GUARDED:
        return "not served to strangers"
    raise StepError(f"GET /metrics answered {status}")


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(content)
    except ValueError:
        raise StepError("the answer is not JSON") from None
    if not isinstance(parsed, dict):
        raise StepError("the answer is not a JSON object")
    return parsed


def _print(step: Step) -> None:
    mark = typer.style("ok  ", fg="green") if step.passed else typer.style("FAIL", fg="red")
    typer.echo(f"{mark} {step.name:<8} {step.milliseconds:7.1f} ms  {step.detail}")
