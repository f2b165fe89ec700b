"""`app openapi`."""

import json

from tests.support.command_line import App


def test_the_schema_is_printed_without_a_server(app: App) -> None:
    result = app("openapi")

    schema = json.loads(result.stdout)
    assert result.exit_code == 0
    assert schema["openapi"].startswith("3.")
    assert "/api/v1/auth/login" in schema["paths"]
