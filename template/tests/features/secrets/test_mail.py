"""Another mail server, in a mounted file."""

from pathlib import Path

from app.core import registry
from app.features.mail.transports import Mailer
from tests.features.secrets.conftest import mounted, until
from tests.support.secret_files import SecretFiles


async def test_another_mail_server_gets_the_next_mail(
    database_url: str, files: SecretFiles, tmp_path: Path
) -> None:
    files.put(mail_url=f"file://{tmp_path}/one")
    async with mounted(database_url, files) as service:
        before = registry.get(service.app, Mailer)
        files.put(mail_url=f"file://{tmp_path}/two")

        await until(lambda: registry.get(service.app, Mailer) != before)
