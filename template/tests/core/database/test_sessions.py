"""Sessions: one transaction a request, committed before the answer; reads that cannot write."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.exc import StatementError

from app.api.deps import CurrentUser, ReadSessionDep, SessionDep
from app.core.database import Base, UtcDateTime
from app.core.database.sessions import ReadOnlyError
from app.models.role import Role
from app.models.user import User
from tests.support import asgi, log
from tests.support.factories import logged_in, make_user
from tests.support.service import Service, Start

# These tests add routes, read log lines or take parts away.
pytestmark = pytest.mark.own_service


async def names(service: Service) -> set[str]:
    async with service.database.read() as session:
        return set(await session.scalars(select(Role.name)))


async def answer(service: Service, write: Callable[..., Awaitable[None]], **options: Any) -> int:
    """The status of a route that writes so."""
    service.app.add_api_route("/write", write, methods=["POST"])
    return (await service.client.post("/write", **options)).status_code


async def test_what_waits_for_the_commit_runs_once_and_only_after_it(service: Service) -> None:
    seen: list[set[str]] = []

    async def look() -> None:
        seen.append(await names(service) & {"new", "undone"})

    async def write(name: str, divisor: int) -> None:
        async with service.database.write() as session:
            session.add(Role(name=name))
            session.after_commit(look)
            assert 1 / divisor

    await write("new", 1)
    with pytest.raises(ZeroDivisionError):
        await write("undone", 0)

    assert seen == [{"new"}]


async def test_what_waits_for_a_commit_may_leave_more_to_do(service: Service) -> None:
    order: list[str] = []

    async def note(word: str) -> None:
        order.append(word)

    async with service.database.write() as session:

        async def note_twice(moment: str) -> None:
            order.append(moment)
            hook = session.before_commit if moment == "before" else session.after_commit
            hook(partial(note, f"{moment}, again"))

        session.before_commit(partial(note_twice, "before"))
        session.after_commit(partial(note_twice, "after"))
        await session.commit()
        session.after_commit(partial(note, "after the second"))

    expected = ["before", "before, again", "after", "after, again", "after the second"]
    assert order == expected


@pytest.mark.parametrize("failure", [OSError("the part is away"), TimeoutError()])
async def test_what_fails_after_the_commit_is_logged_and_fails_no_request(
    start: Start, capsysbinary: pytest.CaptureFixture[bytes], failure: Exception
) -> None:
    """The change is stored: an error would tell the client to make it again."""
    ran: list[str] = []

    async def fail() -> None:
        raise failure

    async def note() -> None:
        ran.append("the next one")

    async def write(session: SessionDep) -> None:
        session.add(Role(name="new"))
        session.after_commit(fail)
        session.after_commit(note)

    async with start(log_format="json") as service:
        status = await answer(service, write)
        stored = await names(service)

    assert status == 200
    assert "new" in stored
    assert ran == ["the next one"]
    (line,) = log.named(log.parsed(capsysbinary.readouterr().out), "database.after_commit_failed")
    assert type(failure).__name__ in str(line)


async def test_the_commit_comes_before_the_answer(service: Service) -> None:
    order: list[str] = []
    engine = service.database.engine.sync_engine

    async def write(session: SessionDep) -> None:
        session.add(Role(name="new"))

    async def recorded(scope: object, receive: object, send: object) -> None:
        async def noting(message: dict[str, object]) -> None:
            order.append(str(message["type"]))
            await send(message)  # type: ignore[operator]

        await service.app(scope, receive, noting)  # type: ignore[arg-type]

    service.app.add_api_route("/write", write)
    event.listen(engine, "commit", lambda _: order.append("commit"))
    await asgi.send(recorded, "/write", [(b"host", b"service.test")])  # type: ignore[arg-type]

    assert order == ["commit", "http.response.start", "http.response.body"]


async def test_a_commit_that_fails_is_no_200(service: Service) -> None:
    """Were the answer sent first, the client would believe in a row that is not there."""
    user = await make_user(service)

    async def write(session: SessionDep) -> None:
        session.add(User(email=user.email, username="another"))

    assert await answer(service, write) == 409


async def test_an_error_after_a_write_rolls_it_back(service: Service) -> None:
    async def write(session: SessionDep) -> None:
        session.add(Role(name="new"))
        await session.flush()
        raise RuntimeError("on purpose")

    assert await answer(service, write) == 500
    assert "new" not in await names(service)


async def test_a_read_session_refuses_to_write(service: Service) -> None:
    async def write(session: ReadSessionDep) -> None:
        session.add(Role(name="new"))
        await session.flush()

    assert await answer(service, write) == 500
    assert "new" not in await names(service)
    async with service.database.read() as session:
        (await session.get_one(Role, "admin")).description = "Changed"
        with pytest.raises(ReadOnlyError, match="SessionDep"):
            await session.flush()


async def test_a_read_begins_no_transaction(service: Service) -> None:
    statements: list[str] = []
    engine = service.database.engine.sync_engine

    def note(_: object, __: object, statement: str, *rest: object) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    async with service.database.read() as session:
        await session.scalar(select(func.count()).select_from(User))

    assert len(statements) == 1


async def test_a_request_holds_one_connection_at_a_time(service: Service) -> None:
    tokens = await logged_in(service)
    pool = service.database.engine.sync_engine.pool
    held: list[int] = []

    async def write(user: CurrentUser, session: SessionDep) -> None:
        await session.get(User, user.id)
        held.append(pool.checkedout())  # type: ignore[attr-defined]

    assert await answer(service, write, headers=tokens.header) == 200
    assert held == [1]
    assert pool.checkedout() == 0  # type: ignore[attr-defined]


async def test_a_naive_datetime_is_refused(service: Service) -> None:
    with pytest.raises(StatementError, match="naive datetime"):
        await make_user(service, created_at=datetime(2026, 1, 1))  # noqa: DTZ001


async def test_a_datetime_comes_back_aware_and_in_utc(service: Service) -> None:
    moment = datetime(2026, 1, 1, 3, tzinfo=timezone(timedelta(hours=3)))
    user = await make_user(service, created_at=moment)

    async with service.database.read() as session:
        stored = await session.get_one(User, user.id)

    assert stored.created_at == moment
    assert stored.created_at.tzinfo == UTC


async def test_a_change_of_a_row_that_changed_meanwhile_is_not_lost(service: Service) -> None:
    user = await make_user(service)
    async with service.database.read() as session:
        before = (await session.get_one(User, user.id)).version

    async with service.database.write() as session:
        (await session.get_one(User, user.id)).full_name = "Changed"

    async with service.database.read() as session:
        assert (await session.get_one(User, user.id)).version == before + 1


def test_every_datetime_column_is_aware() -> None:
    columns = [column for table in Base.metadata.sorted_tables for column in table.columns]
    times = [column for column in columns if "DATETIME" in str(column.type).upper()]

    assert times
    assert [column for column in times if not isinstance(column.type, UtcDateTime)] == []


def test_every_constraint_has_a_name() -> None:
    for table in Base.metadata.sorted_tables:
        assert all(constraint.name for constraint in table.constraints), table.name
