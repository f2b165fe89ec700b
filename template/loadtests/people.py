"""Who asks during a run: an administrator, and seeded accounts with a token each."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx2

LOGIN = "/api/v1/auth/login"
USERS = "/api/v1/users/"
MOST = 20
"""So many log in before a run; more clients than that share their tokens."""


@dataclass(frozen=True)
class Person:
    id: str
    username: str
    token: str


@dataclass(frozen=True)
class People:
    administrator_token: str
    password: str
    """Of every seeded account."""
    people: list[Person]
    new_account: dict[str, str]
    """What an account that is created during the run needs beside its names."""

    def write(self, path: Path) -> None:
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(self)))


def sign_in(
    base_url: str,
    email: str,
    password: str,
    seeded_password: str,
    new_account: dict[str, str] | None = None,
) -> People:
    """Raises HTTPStatusError where the administrator or a seeded account cannot log in."""
    with httpx2.Client(base_url=base_url, timeout=30) as client:
        administrator = _token(client, {"email": email, "password": password})
        listed = client.get(
            USERS,
            params={"limit": 100, "is_active": "true", "order_by": "created_at"},
            headers={"Authorization": f"Bearer {administrator}"},
        ).raise_for_status()
        seeded = [user for user in listed.json()["items"] if not user["is_superuser"]]
        people = [
            Person(
                user["id"],
                user["username"],
                _token(client, {"username": user["username"], "password": seeded_password}),
            )
            for user in seeded[:MOST]
        ]
    return People(administrator, seeded_password, people, new_account or {})


def _token(client: httpx2.Client, credentials: dict[str, str]) -> str:
    answer = client.post(LOGIN, json=credentials).raise_for_status()
    token: str = answer.json()["access_token"]
    return token
