"""What a connection to PostgreSQL keeps from one transaction to the next."""

from typing import Any
from uuid import uuid4


def own(statement_timeout_seconds: float, lock_timeout_seconds: float) -> dict[str, Any]:
    """Arguments for a session of the server that is nobody else's."""
    return {
        "server_settings": {
            "application_name": "app",
            "statement_timeout": _milliseconds(statement_timeout_seconds),
            "lock_timeout": _milliseconds(lock_timeout_seconds),
            "idle_in_transaction_session_timeout": _milliseconds(2 * statement_timeout_seconds),
        }
    }


def pooled() -> dict[str, Any]:
    """Nothing is kept between transactions, no name is used twice; a role has the timeouts."""
    return {
        "server_settings": {"application_name": "app"},
        "statement_cache_size": 0,
        "prepared_statement_cache_size": 0,
        "prepared_statement_name_func": lambda: f"__app_{uuid4()}__",
    }


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))
