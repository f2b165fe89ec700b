"""A provider of many accounts and a worker: `python -m tests.features.federation.sync_probes`."""

import json
from collections import Counter
from dataclasses import dataclass, field

from app import installed
from app.domains import Domain
from tests.features.federation.conftest import ACME
from tests.features.federation.stub import Reply, Stub
from tests.features.jobs.probes import install_nothing

DAY_SECONDS = 24 * 3600


@dataclass
class Directory(Stub):
    """The number of an account is its subject, its refresh token and its access token."""

    profiles: Counter[str] = field(default_factory=Counter)
    """How often each account's was asked for."""
    refreshes: Counter[str] = field(default_factory=Counter)

    def answer(self, path: str, form: dict[str, str], authorization: str) -> Reply:
        if path == "/token":
            number = form["refresh_token"]
            self.refreshes[number] += 1
            return _json(access_token=number, token_type="Bearer", expires_in=DAY_SECONDS)
        if path == "/userinfo":
            number = authorization.partition(" ")[2]
            self.profiles[number] += 1
            return _json(sub=number, email=f"new{number}@example.com")
        return super().answer(path, form, authorization)


def _json(**members: object) -> Reply:
    return Reply(json.dumps(members).encode())


if __name__ == "__main__":
    from app.features.jobs.worker_command import worker

    installed.DOMAINS = (Domain(install=install_nothing, providers=(ACME,)),)
    worker()
