"""The scenarios, as locust runs them: `loadtests/locust_tool.py` starts it with a class's name.

Template-owned: write scenarios of your own into another file, and start locust with it.
"""

import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

from locust import FastHttpUser, TaskSet, between, events

from loadtests.samples import Sample, write

PEOPLE = json.loads(Path(os.environ["LOAD_PEOPLE"]).read_text())
PAUSE_SECONDS = float(os.environ["LOAD_PAUSE_SECONDS"])
ADMINISTRATOR = {"Authorization": f"Bearer {PEOPLE['administrator_token']}"}
USERS = "/api/v1/users/"
SAMPLES: list[Sample] = []


class Client(FastHttpUser):
    abstract = True
    wait_time = between(PAUSE_SECONDS / 2, PAUSE_SECONDS * 1.5)

    def on_start(self) -> None:
        self.person = random.choice(PEOPLE["people"])
        self.own = {"Authorization": f"Bearer {self.person['token']}"}


def read_me(user: Client) -> None:
    user.client.get("/api/v1/users/me", headers=user.own)


def read_page(user: Client) -> None:
    user.client.get(f"{USERS}?limit=20", headers=ADMINISTRATOR, name=USERS)


def read_one(user: Client) -> None:
    person = random.choice(PEOPLE["people"])
    user.client.get(USERS + person["id"], headers=ADMINISTRATOR, name=f"{USERS}{{user_id}}")


def log_in(user: Client) -> None:
    credentials = {"username": user.person["username"], "password": PEOPLE["password"]}
    user.client.post("/api/v1/auth/login", json=credentials)


def change_me(user: Client) -> None:
    name = {"full_name": f"Load {uuid4().hex[:8]}"}
    user.client.patch("/api/v1/users/me", json=name, headers=user.own)


def create_user(user: Client) -> None:
    name = f"load-{uuid4().hex[:20]}"
    account = PEOPLE["new_account"] | {"email": f"{name}@example.com", "username": name}
    user.client.post(USERS, json=account, headers=ADMINISTRATOR)


def often(*weighted: tuple[int, Callable[[Client], None]]) -> list[TaskSet | Callable[..., Any]]:
    """Each request as often as its weight says."""
    return [request for weight, request in weighted for _ in range(weight)]


class Browse(Client):
    tasks = often((5, read_me), (2, read_page), (3, read_one))


class Login(Client):
    tasks = often((1, log_in))


class Write(Client):
    tasks = often((3, change_me), (1, create_user))


class Mixed(Client):
    tasks = often(
        (10, read_me),
        (4, read_page),
        (6, read_one),
        (3, change_me),
        (1, create_user),
        (1, log_in),
    )


def _note(
    request_type: str,
    name: str,
    response_time: float,
    exception: BaseException | None,
    start_time: float,
    **_: Any,
) -> None:
    sample = Sample(start_time, f"{request_type} {name}", response_time / 1000, exception is None)
    SAMPLES.append(sample)


def _written(**_: Any) -> None:
    write(Path(os.environ["LOAD_SAMPLES"]), SAMPLES)


# locust has no types for this.
events.request.add_listener(_note)  # type: ignore[no-untyped-call]
events.quitting.add_listener(_written)  # type: ignore[no-untyped-call]
