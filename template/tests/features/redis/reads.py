"""What is read from the database without a transaction, as it is on the way to an endpoint."""

import pytest

from tests.support.service import Service


def noted_reads(service: Service, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Grows by the statement of every read from now on."""
    reads: list[object] = []
    real = service.database.rows

    async def noted(statement: object, parameters: object) -> object:
        reads.append(statement)
        return await real(statement, parameters)  # type: ignore[arg-type]

    monkeypatch.setattr(service.database, "rows", noted)
    return reads
