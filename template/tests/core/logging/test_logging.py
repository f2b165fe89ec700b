"""Lines: always one JSON object, never a secret."""

import logging
from typing import Any

import pytest
import structlog

from app.core.logging.redaction import Redaction
from app.core.logging.setup import StdoutHandler
from app.core.settings import Settings, SettingsGroup
from tests.support import features, log
from tests.support.events import recorded
from tests.support.factories import PASSWORD, login, make_user
from tests.support.service import SECRET_KEY, Start

# These tests add routes, read log lines or take parts away.
pytestmark = pytest.mark.own_service


async def test_no_secret_of_a_whole_visit_is_logged_or_recorded(
    start: Start, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    async with start(log_format="json", log_level="DEBUG") as service:
        events = recorded(service)
        user = await make_user(service)
        tokens = await login(service, user)
        client = service.client
        wrong = {"username": user.username, "password": "wrong-kangaroo"}
        await client.post("/api/v1/auth/login", json=wrong)
        await client.post("/api/v1/auth/token", data=wrong | {"grant_type": "password"})
        await client.get(f"/api/v1/users/me?access_token={tokens.access}")
        await client.get(
            "/api/v1/users/me", headers=tokens.header | {"Cookie": "id=cookie-kangaroo"}
        )
        refresh = {"refresh_token": tokens.refresh}
        newer = (await client.post("/api/v1/auth/refresh", json=refresh)).json()
        await client.post("/api/v1/auth/refresh", json=refresh)
        await client.post("/api/v1/auth/revoke", data={"token": newer["refresh_token"]})
        await client.post("/api/v1/auth/logout", headers=tokens.header)
        secrets = [PASSWORD, "kangaroo", SECRET_KEY, user.password_hash or "", tokens.access]
        secrets += [tokens.refresh, newer["access_token"], newer["refresh_token"]]
        for module in features.modules("shown_once"):
            secrets += await module.shown_once(service)

    assert "auth.token.reused" in {event.action for event in events}
    lines = capsysbinary.readouterr().out
    assert log.named(log.parsed(lines), "auth.token.reused")
    output = lines.decode() + str(events)
    assert [secret for secret in secrets if secret in output] == []


async def test_security_events_have_names(
    start: Start, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    async with start(log_format="json", login_failures_per_account=1) as service:
        user = await make_user(service)
        tokens = await login(service, user)
        await service.client.post("/api/v1/auth/logout", headers=tokens.header)
        for _ in range(2):
            body = {"username": "nobody", "password": "wrong"}
            await service.client.post("/api/v1/auth/login", json=body)

    lines = log.parsed(capsysbinary.readouterr().out)
    events = [line["event"] for line in lines if line["logger"] == "app.auth"]
    assert events == [
        "auth.login.succeeded",
        "auth.logout",
        "auth.login.failed",
        "auth.lockout",
        "auth.lockout",
    ]
    assert log.named(lines, "auth.login.succeeded")[0]["user_id"] == str(user.id)


@pytest.mark.parametrize(
    "value",
    [
        "a\r\nb",
        '{"event": "forged"}\n{"event": "forged"}',
        "\x1b[31mred",
        "\u2028\u2029\x85",
        "\ud800",
        "\x00",
    ],
)
@pytest.mark.parametrize("source", ["structlog", "logging"])
async def test_no_value_breaks_or_forges_a_line(
    start: Start, capsysbinary: pytest.CaptureFixture[bytes], value: str, source: str
) -> None:
    async with start(log_format="json"):
        capsysbinary.readouterr()
        if source == "structlog":
            structlog.get_logger("app.test").info("tested", value=value)
        else:
            record = logging.makeLogRecord({"name": "app.test", "msg": "%s", "args": (value,)})
            _handler().handle(record)

    output = capsysbinary.readouterr().out
    assert len(log.parsed(output)) == 1
    assert output.count(b"\n") == 1
    assert b"\x1b" not in output


async def test_values_under_secret_names_are_redacted(
    start: Start, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    secrets: dict[str, Any] = {
        "password": "kangaroo",
        "new_Password": "kangaroo",
        "id_token": "kangaroo",
        "Authorization": "kangaroo",
        "set_cookie": "kangaroo",
        "api_key": "kangaroo",
        "code_verifier": "kangaroo",
        "client_secret": "kangaroo",
    }
    async with start(log_format="json"):
        structlog.get_logger("app.test").info("tested", **secrets, harmless="kept")

    output = capsysbinary.readouterr().out
    assert b"kangaroo" not in output
    assert log.named(log.parsed(output), "tested")[0]["harmless"] == "kept"


async def test_secret_settings_are_concealed_wherever_they_stand(
    start: Start, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    token = 'monitoring-"kangaroo"-4711'
    async with start(log_format="json", monitoring_token=token) as service:
        structlog.get_logger("app.test").info("tested", harmless=f"before {token} after")
        logging.getLogger("some.library").error("it failed with %s", SECRET_KEY)
        await service.client.get(f"/{SECRET_KEY}")

    output = capsysbinary.readouterr().out
    lines = log.parsed(output)
    assert log.named(lines, "tested")[0]["harmless"] == "before [concealed] after"
    assert log.named(lines, "it failed with [concealed]")
    assert log.named(lines, "request.completed")[0]["path"] == "/[concealed]"


def test_the_password_of_a_url_is_concealed() -> None:
    class Urls(SettingsGroup):
        some_url: str = "queue://:p%40ssword-4711@cache.example/0"
        broken_url: str = "queue://[broken"

    settings = Settings(env_file=None)
    settings.group(Urls)
    concealed = Redaction(settings)

    assert concealed(None, "", b"p%40ssword-4711") == b"[concealed]"
    assert concealed(None, "", b"p@ssword-4711") == b"[concealed]"
    assert concealed(None, "", b"cache.example") == b"cache.example"


async def test_a_library_that_formats_wrongly_fails_nobody(
    start: Start, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)
    async with start(log_format="json"):
        record = logging.makeLogRecord({"name": "some.library", "msg": "%d", "args": ("x",)})
        _handler().handle(record)
        logging.getLogger("some.library").error("the next one")

    lines = log.parsed(capsysbinary.readouterr().out)
    assert [line["event"] for line in lines if line["logger"] == "some.library"] == ["the next one"]


async def test_of_the_access_lines_a_share_is_written_and_every_error(
    start: Start, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    async with start(log_format="json", log_access_sample_ratio=0.25) as service:
        for _ in range(20):
            await service.client.get("/health")
            await service.client.get("/nowhere")

    lines = log.named(log.parsed(capsysbinary.readouterr().out), "request.completed")
    statuses = [line["status"] for line in lines]
    assert (statuses.count(200), statuses.count(404)) == (5, 20)


async def test_foreign_loggers_write_the_same_lines(
    start: Start, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    async with start(log_format="json") as service:
        error = ValueError("on purpose")
        logging.getLogger("some.library").error("it failed", exc_info=error)

    line = log.named(log.parsed(capsysbinary.readouterr().out), "it failed")[0]
    assert line["logger"] == "some.library"
    assert line["level"] == "error"
    assert line["service"] == service.app.title
    assert "ValueError: on purpose" in line["exception"]


async def test_the_level_is_a_setting(
    start: Start, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    async with start(log_format="json", log_level="ERROR") as service:
        await service.client.get("/health")
        logging.getLogger("some.library").warning("not this")
        logging.getLogger("some.library").error("but this")

    lines = log.parsed(capsysbinary.readouterr().out)
    assert [line["event"] for line in lines] == ["but this"]


async def test_development_reads_lines_for_people(
    start: Start, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    async with start(environment="development") as service:
        await service.client.get("/health")

    output = capsysbinary.readouterr().out.decode()
    assert "request.completed" in output
    assert not output.lstrip().startswith("{")


def _handler() -> StdoutHandler:
    """Used directly: pytest cannot carry a lone surrogate that it captured from a logger."""
    handlers = logging.getLogger().handlers
    return next(handler for handler in handlers if isinstance(handler, StdoutHandler))
