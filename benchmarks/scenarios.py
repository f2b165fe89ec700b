"""What is measured, each against the bare application in the same run, and the least ratio."""

from dataclasses import dataclass, replace

from benchmarks.client import Request

LISTED_USERS = 200


@dataclass(frozen=True)
class Scenario:
    name: str
    request: Request
    bare: Request
    goal: float
    """The least ratio of the rendered rate to the bare one."""
    needs_token: bool = True

    def with_token(self, token: str) -> "Scenario":
        if not self.needs_token:
            return self
        header = ("authorization", f"Bearer {token}")
        return replace(self, request=replace(self.request, headers=(header,)))


LIVENESS = Request("/api/v1/health/liveness")
ONE_ROW = Request("/row")
NEW_USER = '{"username": "u{unique}", "email": "{unique}@example.com"}'

WITHOUT_DATABASE = (Scenario("liveness", LIVENESS, LIVENESS, 0.7, needs_token=False),)
ON_POSTGRES = (
    Scenario("users/me", Request("/api/v1/users/me"), ONE_ROW, 1.1),
    Scenario("users list", Request("/api/v1/users/?limit=20"), ONE_ROW, 0.7),
    Scenario("users create", Request("/api/v1/users", "POST", body=NEW_USER), ONE_ROW, 0.5),
)
