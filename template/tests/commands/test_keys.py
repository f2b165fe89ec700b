"""`app keys`."""

from app.core.security.security import key_weakness
from tests.support.command_line import App


def test_a_generated_key_is_new_and_not_weak(app: App) -> None:
    keys = [app("keys", "generate").stdout.strip() for _ in range(2)]

    assert keys[0] != keys[1]
    assert [key_weakness(key) for key in keys] == [None, None]
