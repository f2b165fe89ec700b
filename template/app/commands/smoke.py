"""`app smoke`: what a deployment must answer before traffic is sent to it."""

import time
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


def smoke(
    base_url: Annotated[str, typer.Option(help="E.g. https://api.example.org")],
    email: Annotated[str, typer.Option(help="An account that exists for this.")],
    password_file: PasswordFileOption = None,
    password_stdin: PasswordStdinOption = False,
) -> None:
    """Ask a running service: live, ready, login, me, logout, metrics. Ends at the first failure."""
    if not base_url.startswith(("http://", "https://")):
        raise typer.BadParameter("begins with http:// or https://", param_hint="--base-url")
    password = given_password(password_file, password_stdin)
    if password is None:
        password = typer.prompt("Password", hide_input=True)
    with httpx2.Client(base_url=base_url, timeout=TIMEOUT_SECONDS) as client:
        one = Deployment(client, email, password)
        for check in (one.live, one.ready, one.login, one.me, one.logout, one.metrics):
            started = time.perf_counter()
            try:
                passed, detail = True, check()
            except StepError as error:
                passed, detail = False, str(error)
            milliseconds = (time.perf_counter() - started) * 1000
            mark = typer.style("ok  ", fg="green") if passed else typer.style("FAIL", fg="red")
            typer.echo(f"{mark} {check.__name__:<8} {milliseconds:7.1f} ms  {detail}")
            if not passed:
                raise typer.Exit(1)


class Deployment:
    """Each check returns what it saw; it raises StepError for another answer."""

    def __init__(self, client: httpx2.Client, email: str, password: str) -> None:
        self._client = client
        self._email = email
        self._password = password

    def live(self) -> str:
        return self._member("status", "GET", "/api/v1/health/liveness")

    def ready(self) -> str:
        return self._member("status", "GET", "/api/v1/health/readiness")

    def login(self) -> str:
        credentials = {"email": self._email, "password": self._password}
        token = self._member("access_token", "POST", "/api/v1/auth/login", json=credentials)
        self._client.headers["Authorization"] = f"Bearer {token}"
        return "a token was issued"

    def me(self) -> str:
        if self._member("email", "GET", "/api/v1/users/me") != self._email.lower():
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

    def _member(self, name: str, method: str, path: str, **options: Any) -> str:
        """Of the JSON object that is answered."""
        answer = self._ask(method, path, {HTTPStatus.OK}, **options)
        try:
            return str(answer.json()[name])
        except (KeyError, TypeError, ValueError):
            raise StepError(f"{method} {path} answered no JSON object with {name}") from None

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
