"""Mail: by which sender it leaves, what it looks like, and that nobody waits for it."""

import asyncio
import stat
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from app.core import registry
from app.core.settings import ConfigurationError, Settings
from app.features.mail import background as background_module
from app.features.mail.background import Background
from app.features.mail.message import Mail, compose
from app.features.mail.outbox import BackgroundOutbox, Outbox
from app.features.mail.transports import ConsoleMailer, Mailer, SmtpMailer, mailer, message
from app.main import create_app
from tests.support import log
from tests.support.mail import delivered
from tests.support.service import Service, Start
from tests.support.smtp import sink

# These tests add routes, read log lines or take parts away.
pytestmark = pytest.mark.own_service

MAIL = compose("ada@example.com", "A subject", "Dear <b>Ada</b>,", "your code is 4711.")
SENDER = "service@example.org"


async def sent(service: Service, mail: Mail = MAIL) -> None:
    await registry.get(service.app, Outbox).deliver(mail)
    await delivered(service)


async def test_a_real_server_receives_text_and_html(start: Start) -> None:
    async with sink() as server, start(mail_url=server.url, mail_from=SENDER) as service:
        await sent(service)

    (received,) = server.received
    plain, html = received.get_body(("plain",)), received.get_body(("html",))
    assert (received["From"], received["To"]) == (SENDER, MAIL.to)
    assert received["Subject"] == "A subject"
    assert plain is not None
    assert plain.get_content().splitlines() == ["Dear <b>Ada</b>,", "", "your code is 4711."]
    assert html is not None
    assert "<p>Dear &lt;b&gt;Ada&lt;/b&gt;,</p>" in html.get_content()


async def test_an_address_of_another_script_arrives(start: Start) -> None:
    async with sink() as server, start(mail_url=server.url) as service:
        await sent(service, compose("j\u00fcrgen@example.com", "Gr\u00fc\u00dfe", "\u00e4"))

    (received,) = server.received
    assert received["To"] == "j\u00fcrgen@example.com"
    assert received["Subject"] == "Gr\u00fc\u00dfe"


async def test_a_file_holds_one_message_and_only_its_owner_reads_it(
    start: Start, tmp_path: Path
) -> None:
    folder = tmp_path / "mail box"
    async with start(mail_url=f"file://{folder}".replace(" ", "%20")) as service:
        await sent(service)
        await sent(service)

    one, other = folder.iterdir()
    received = message_from_bytes(one.read_bytes(), policy=default)
    assert one.suffix == other.suffix == ".eml"
    assert stat.S_IMODE(one.stat().st_mode) == 0o600
    assert received["To"] == MAIL.to


async def test_a_printed_mail_is_one_line(
    start: Start, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    async with start(log_format="json") as service:
        await sent(service)

    (line,) = log.named(log.parsed(capsysbinary.readouterr().out), "mail.printed")
    assert line["text"] == MAIL.text


async def test_production_prints_no_body(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    await ConsoleMailer(shows_body=False).send(MAIL)

    output = capsysbinary.readouterr().out
    assert b"A subject" in output
    assert b"4711" not in output


@pytest.mark.parametrize("delays", [(0.0, 0.0), (0.0, 0.0, 0.0)])
async def test_a_mail_that_is_refused_for_now_is_tried_again(delays: tuple[float, ...]) -> None:
    background = Background()
    async with sink("451 later", "451 later") as server, background.running():
        outbox = BackgroundOutbox(mailer(server.url, SENDER, shows_body=False), background, delays)
        await outbox.deliver(MAIL)
        await background.idle()

    assert server.offered == 3
    assert len(server.received) == 1


async def test_after_some_tries_a_mail_is_given_up(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    background = Background()
    async with sink(*["451 later"] * 9) as server, background.running():
        outbox = BackgroundOutbox(mailer(server.url, SENDER, shows_body=False), background, (0.0,))
        await outbox.deliver(MAIL)
        await background.idle()

    assert server.offered == 2
    assert b"mail.failed" in capsysbinary.readouterr().out


@pytest.mark.parametrize("reply", ["550 no such user", "554 spam"])
async def test_a_mail_that_is_refused_for_good_is_not_tried_again(reply: str) -> None:
    background = Background()
    async with sink(reply) as server, background.running():
        outbox = BackgroundOutbox(mailer(server.url, SENDER, shows_body=False), background)
        await outbox.deliver(MAIL)
        await background.idle()

    assert server.offered == 1


async def test_a_mail_that_nobody_can_write_is_no_error(start: Start) -> None:
    async with sink() as server, start(mail_url=server.url) as service:
        outbox = BackgroundOutbox(
            registry.get(service.app, Mailer),
            registry.get(service.app, Background),
            delays_seconds=(),
        )
        await outbox.deliver(compose("ada@example.com", "Two\r\nlines: x", "text"))
        await registry.get(service.app, Background).idle()

    assert server.received == []


async def test_a_server_that_says_nothing_keeps_nobody_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(background_module, "DRAIN_SECONDS", 0.01)
    accepted = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.set()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    background = Background(workers=1, capacity=1)
    outbox = BackgroundOutbox(
        mailer(f"smtp://127.0.0.1:{port}", SENDER, shows_body=False), background
    )
    async with server, background.running():
        async with asyncio.timeout(1):
            await outbox.deliver(MAIL)
        await accepted.wait()
        async with asyncio.timeout(1):
            for _ in range(3):
                await outbox.deliver(MAIL)


def test_a_password_crosses_a_network_only_encrypted() -> None:
    def start_tls(url: str) -> bool | None:
        built = mailer(url, SENDER, shows_body=False)
        assert isinstance(built, SmtpMailer)
        return built._start_tls()

    assert start_tls("smtp://user:secret@mail.example.org") is True
    assert start_tls("smtp://mail.example.org") is None
    assert start_tls("smtp://user:secret@127.0.0.1") is None
    assert start_tls("smtp://user:secret@localhost") is None
    assert start_tls("smtps://user:secret@mail.example.org") is False


@pytest.mark.parametrize("url", ["http://hunter2", "file://hunter2/x", "smtp://", "hunter2", "://"])
def test_a_mail_url_that_is_not_understood_is_not_repeated(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        create_app(Settings(env_file=None, environment="test", mail_url=url))

    assert "MAIL_URL" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_message_says_that_no_person_wrote_it() -> None:
    assert message(MAIL, SENDER)["Auto-Submitted"] == "auto-generated"
