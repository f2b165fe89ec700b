"""Who may call the routes of API keys."""

from tests.support.routes import Operation

PUBLIC: set[Operation] = set()
ANY_USER = {
    ("POST", "/api/v1/api-keys"),
    ("GET", "/api/v1/api-keys"),
    ("DELETE", "/api/v1/api-keys/{key_id:uuid}"),
}
