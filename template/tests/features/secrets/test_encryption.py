"""Other keys of what is encrypted at rest, in a mounted file."""

from app.core import registry
from app.features.encryption import Encryption
from tests.features.secrets.conftest import mounted, until
from tests.support.secret_files import SecretFiles

OTHER_KEY = "bR7mQz2XkVw9TnJ4LpYs6HdG3fCe8AuN"


async def test_the_keys_of_what_is_encrypted_follow(database_url: str, files: SecretFiles) -> None:
    async with mounted(database_url, files) as service:
        encryption = registry.get(service.app, Encryption)
        before = encryption.encrypt("test", "text")
        files.put(encryption_keys=OTHER_KEY)
        await until(lambda: encryption.renewed("test", before) is not None)

        assert encryption.decrypt("test", before) == "text"
