<%
plain = [field for field in fields if not field.target]
filters = [field for field in fields if field.is_filter]
searched = [field for field in fields if field.is_searched]
decimals = [field for field in fields if field.limit]
references = [field for field in fields if field.target]
optional = [field for field in fields if field.is_optional]
null_ordered = [field for field in optional if field.is_ordered]
orders = ["created_at", *(field.name for field in fields if field.is_ordered)]
change = plain[0]


def listed(some):
    return ", ".join(f'"{field.name}"' for field in some)


def words_of(some):
    *first, last = [field.name.replace("_", " ") for field in some]
    return f"{', '.join(first)} or {last}" if first else last
%>
=== app/domains/${plural}/__init__.py
"""${Words}: one line in `app/installed.py` brings their routes and their table."""

from fastapi import FastAPI

from app.api.v1.router import PREFIX
from app.core.settings import Settings
from app.domains import Domain
from app.domains.${plural}.endpoints import router
from app.domains.${plural}.models import ${Entity}


def install(app: FastAPI, settings: Settings) -> None:
    app.include_router(router, prefix=PREFIX)


DOMAIN = Domain(install=install, models=(${Entity},))
=== app/domains/${plural}/models.py
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from app.core import clock
from app.core.database import Base, UtcDateTime
from app.core.exact_decimal import ExactDecimal


class ${Entity}(Base):
    __tablename__ = "${plural}"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
% for field in fields:
% if field.column:
    ${field.name}: Mapped[${field.python}${field.or_none}] = mapped_column(${field.column})
% else:
    ${field.name}: Mapped[${field.python}${field.or_none}]
% endif
% endfor
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now, index=True)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now, onupdate=clock.now)
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012
=== app/domains/${plural}/schemas.py
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import MISSING, BaseModel, ConfigDict, Field, StrictBool

from app.core.database.pagination import PageQuery
from app.schemas.text import StorableText
from app.schemas.values import Day, Digits, Int32, Moment, Number

% for field in fields:
% if field.alias:
${field.alias}
% endif
% endfor
Order = Literal[
% for order in orders:
    "${order}",
    "-${order}",
% endfor
]
% if searched:
SearchText = Annotated[StorableText, Field(min_length=1, max_length=100)]
% endif

class ${Entity}Response(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
% for field in fields:
    ${field.name}: ${field.answer or field.python}${field.or_none}
% endfor
    created_at: datetime
    updated_at: datetime


class ${Entity}Query(PageQuery):
    order_by: Order = "created_at"
% for field in filters:
    ${field.name}: ${field.python} | None = None
% endfor
% if searched:
    q: SearchText | None = None
    """Part of ${words_of(searched)}; wildcards are literal."""
% endif


class ${Entity}Body(BaseModel):
    """What POST and PUT take."""

    model_config = ConfigDict(extra="forbid")

% for field in fields:
    ${field.name}: ${field.body}${field.or_none}${field.default}
% endfor


class ${Entity}Update(BaseModel):
    """What is absent stays${"; null clears" if optional else ""}."""

    model_config = ConfigDict(extra="forbid")

% for field in fields:
    ${field.name}: ${field.body} | MISSING${field.or_none} = MISSING
% endfor
=== app/domains/${plural}/repository.py
from typing import Any, cast

from sqlalchemy import Table, or_, select

from app.core.database import Database
from app.core.database.repository import Repository, Statement, fetch_page, like_pattern, paged
from app.domains.${plural}.models import ${Entity}
from app.domains.${plural}.schemas import ${Entity}Query

${plural} = cast("Table", ${Entity}.__table__)

LISTED = select(
    ${plural}.c.id,
% for field in fields:
    ${plural}.c.${field.name},
% endfor
    ${plural}.c.created_at,
    ${plural}.c.updated_at,
)
% if filters:
FILTERS = (${listed(filters)},)
% endif
% if searched:
SEARCHED = (
% for field in searched:
    ${plural}.c.${field.name},
% endfor
)
% endif


class ${Entity}Repository(Repository[${Entity}]):
    model = ${Entity}


async def find_${plural}(
    database: Database, query: ${Entity}Query
) -> tuple[list[dict[str, Any]], int]:
    """One page as mappings, and the total."""
    statement: Statement = LISTED
% if filters:
    for name in FILTERS:
        value = getattr(query, name)
        if value is not None:
            statement = statement.where(${plural}.c[name] == value)
% endif
% if searched:
    if query.q is not None:
        pattern = like_pattern(query.q)
        matches = (text.ilike(pattern, escape="\\") for text in SEARCHED)
        statement = statement.where(or_(*matches))
% endif
    column = ${plural}.c[query.order_by.removeprefix("-")]
    order = column.desc() if query.order_by.startswith("-") else column.asc()
% if null_ordered:
    if column.nullable:
        order = order.nulls_last()
% endif
    statement = statement.order_by(order, ${plural}.c.id)
    return await fetch_page(database.rows, paged(statement), query)
=== app/domains/${plural}/service.py
"""Changes of ${words}, each with its security event."""

from typing import Any
from uuid import UUID

from app.core.database import WriteSession
from app.core.http.errors import NotFound
from app.core.http.etag import check_precondition
from app.domains.${plural}.models import ${Entity}
from app.domains.${plural}.repository import ${Entity}Repository
from app.domains.${plural}.schemas import ${Entity}Body, ${Entity}Response
from app.core.security import events
from app.core.security.principal import Principal


class ${Entity}Service:
    """Acts for one principal inside the transaction of its request."""

    def __init__(self, session: WriteSession, actor: Principal) -> None:
        self._session = session
        self._actor = actor
        self._${plural} = ${Entity}Repository(session)

    async def create(self, body: ${Entity}Body) -> ${Entity}:
        ${singular} = await self._${plural}.add(${Entity}(**body.model_dump()))
        self._record("${singular}.created", ${singular}.id)
        return ${singular}

    async def change(
        self, ${singular}_id: UUID, values: dict[str, Any], if_match: str | None
    ) -> ${Entity}:
        """Sets the named columns. Raises NotFound or PreconditionFailed."""
        ${singular} = await self._target(${singular}_id, if_match)
        for name, value in values.items():
            setattr(${singular}, name, value)
        await self._${plural}.flush()
        self._record("${singular}.changed", ${singular}.id)
        return ${singular}

    async def remove(self, ${singular}_id: UUID, if_match: str | None) -> None:
        await self._${plural}.remove(await self._target(${singular}_id, if_match))
        self._record("${singular}.removed", ${singular}_id)

    async def _target(self, ${singular}_id: UUID, if_match: str | None) -> ${Entity}:
        ${singular} = await self._${plural}.get(${singular}_id)
        if ${singular} is None:
            raise NotFound("${singular}_not_found", "There is no such ${word}.")
        check_precondition(if_match, ${Entity}Response.model_validate(${singular}))
        return ${singular}

    def _record(self, action: str, ${singular}_id: UUID) -> None:
        target = f"${singular}:{${singular}_id}"
        events.record(self._session, action, actor_id=self._actor.id, target=target)
=== app/domains/${plural}/endpoints.py
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from app.api.deps import ReadSessionDep, SessionDep, require
% if creating_route:
from app.api.creating_route import CreatingRoute
% endif
from app.api.v1.router import PREFIX
from app.core.database import database_of
from app.core.http.errors import NotFound
from app.core.http.etag import IfMatch, tag
from app.core.database.pagination import Page, page_response
from app.domains.${plural}.repository import ${Entity}Repository, find_${plural}
from app.domains.${plural}.schemas import ${Entity}Body, ${Entity}Query, ${Entity}Response, ${Entity}Update
from app.domains.${plural}.service import ${Entity}Service
from app.core.security.principal import Principal

% if creating_route:
router = APIRouter(prefix="/${slug}", tags=["${slug}"], route_class=CreatingRoute)
% else:
router = APIRouter(prefix="/${slug}", tags=["${slug}"])
% endif

reads = Depends(require("${plural}:read"))
Manager = Annotated[Principal, Depends(require("${plural}:manage"))]


async def ${singular}_service(session: SessionDep, actor: Manager) -> ${Entity}Service:
    return ${Entity}Service(session, actor)


${Plural} = Annotated[${Entity}Service, Depends(${singular}_service)]


@router.get("", dependencies=[reads], response_model=Page[${Entity}Response])
async def list_${plural}(request: Request, query: Annotated[${Entity}Query, Query()]) -> Response:
    rows, total = await find_${plural}(database_of(request).for_reads, query)
    return page_response(rows, total, query)


@router.post("", status_code=HTTPStatus.CREATED)
async def create_${singular}(
    body: ${Entity}Body, ${plural}: ${Plural}, response: Response
) -> ${Entity}Response:
    ${singular} = await ${plural}.create(body)
    response.headers["Location"] = f"{PREFIX}/${slug}/{${singular}.id}"
    return tag(response, ${Entity}Response.model_validate(${singular}))


@router.get("/{${singular}_id:uuid}", dependencies=[reads])
async def read_${singular}(
    ${singular}_id: UUID, session: ReadSessionDep, response: Response
) -> ${Entity}Response:
    ${singular} = await ${Entity}Repository(session).get(${singular}_id)
    if ${singular} is None:
        raise NotFound("${singular}_not_found", "There is no such ${word}.")
    return tag(response, ${Entity}Response.model_validate(${singular}))


@router.put("/{${singular}_id:uuid}")
async def replace_${singular}(
    ${singular}_id: UUID,
    body: ${Entity}Body,
    ${plural}: ${Plural},
    response: Response,
    if_match: IfMatch = None,
) -> ${Entity}Response:
    ${singular} = await ${plural}.change(${singular}_id, body.model_dump(), if_match)
    return tag(response, ${Entity}Response.model_validate(${singular}))


@router.patch("/{${singular}_id:uuid}")
async def update_${singular}(
    ${singular}_id: UUID,
    body: ${Entity}Update,
    ${plural}: ${Plural},
    response: Response,
    if_match: IfMatch = None,
) -> ${Entity}Response:
    values = body.model_dump(exclude_unset=True)
    ${singular} = await ${plural}.change(${singular}_id, values, if_match)
    return tag(response, ${Entity}Response.model_validate(${singular}))


@router.delete("/{${singular}_id:uuid}", status_code=HTTPStatus.NO_CONTENT)
async def delete_${singular}(
    ${singular}_id: UUID, ${plural}: ${Plural}, if_match: IfMatch = None
) -> None:
    await ${plural}.remove(${singular}_id, if_match)
=== tests/domains/${plural}/factory.py
"""${Words} with values that mean something."""

from typing import Any

from app.domains.${plural}.models import ${Entity}
from app.domains.${plural}.schemas import ${Entity}Body
from tests.support.factories import make_user
% for field in references:
% if field.target != "users":
from tests.domains.${field.target}.factory import ${field.maker}
% endif
% endfor
from tests.support.service import Service

PATH = "/api/v1/${slug}"


async def ${singular}_body(service: Service, **facts: Any) -> dict[str, Any]:
    """What POST and PUT take; what it refers to is stored."""
    defaults: dict[str, Any] = {
% for field in fields:
        "${field.name}": ${field.sample},
% endfor
    }
    return defaults | facts


async def make_${singular}(service: Service, **facts: Any) -> ${Entity}:
    body = ${Entity}Body.model_validate(await ${singular}_body(service, **facts))
    ${singular} = ${Entity}(**body.model_dump())
    async with service.database.write() as session:
        session.add(${singular})
    return ${singular}
=== tests/domains/${plural}/test_${plural}.py
"""${Words} over HTTP."""

from typing import Any, get_args
from uuid import uuid4

import pytest

from app.core.database.pagination import MAX_LIMIT
from app.core.security.events import SecurityEvent
from app.domains.${plural}.schemas import Order
from tests.domains.${plural}.factory import PATH, make_${singular}, ${singular}_body
from tests.support.factories import logged_in, make_role
from tests.support.service import Service

type Header = dict[str, str]

ORDERS = [order for order in get_args(Order) if not order.startswith("-")]


@pytest.fixture
async def manager(service: Service) -> Header:
    await make_role(service, "manager", "${plural}:read", "${plural}:manage")
    return (await logged_in(service, roles=("manager",))).header


@pytest.fixture
async def reader(service: Service) -> Header:
    await make_role(service, "reader", "${plural}:read")
    return (await logged_in(service, roles=("reader",))).header


async def test_what_is_created_can_be_read(service: Service, manager: Header) -> None:
    body = await ${singular}_body(service)

    created = await service.client.post(PATH, json=body, headers=manager)
    read = await service.client.get(created.headers["Location"], headers=manager)

    assert created.status_code == 201
    assert created.json().items() >= body.items()
    assert read.json() == created.json()
    assert read.headers["ETag"] == created.headers["ETag"]


async def test_put_sets_every_field(service: Service, manager: Header) -> None:
    ${singular} = await make_${singular}(service)
    body = await ${singular}_body(service, ${change.name}=${change.other})

    replaced = await service.client.put(f"{PATH}/{${singular}.id}", json=body, headers=manager)

    assert replaced.status_code == 200
    assert replaced.json().items() >= body.items()


async def test_patch_leaves_what_it_does_not_name(service: Service, manager: Header) -> None:
    path = f"{PATH}/{(await make_${singular}(service)).id}"
    before = (await service.client.get(path, headers=manager)).json()
    change = {"${change.name}": ${change.other}}

    updated = await service.client.patch(path, json=change, headers=manager)

    expected = before | change | {"updated_at": updated.json()["updated_at"]}
    assert updated.json() == expected

% if optional:

@pytest.mark.parametrize("name", [${listed(optional)}])
async def test_null_clears(service: Service, manager: Header, name: str) -> None:
    path = f"{PATH}/{(await make_${singular}(service)).id}"

    updated = await service.client.patch(path, json={name: None}, headers=manager)

    assert updated.status_code == 200
    assert updated.json()[name] is None

% endif
async def test_what_is_removed_is_gone(service: Service, manager: Header) -> None:
    path = f"{PATH}/{(await make_${singular}(service)).id}"

    removed = await service.client.delete(path, headers=manager)
    again = await service.client.delete(path, headers=manager)

    assert removed.status_code == 204
    assert again.status_code == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_an_unknown_id_is_not_found(service: Service, manager: Header, method: str) -> None:
    bodies = {"PUT": await ${singular}_body(service), "PATCH": {}}

    response = await service.client.request(
        method, f"{PATH}/{uuid4()}", json=bodies.get(method), headers=manager
    )

    assert response.status_code == 404
    assert response.json()["code"] == "${singular}_not_found"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_a_change_of_another_state_is_refused(
    service: Service, manager: Header, method: str
) -> None:
    path = f"{PATH}/{(await make_${singular}(service)).id}"
    body = await ${singular}_body(service, ${change.name}=${change.other}) if method != "DELETE" else None
    tag = (await service.client.get(path, headers=manager)).headers["ETag"]
    stale = manager | {"If-Match": '"of-another-state"'}

    refused = await service.client.request(method, path, json=body, headers=stale)
    allowed = await service.client.request(
        method, path, json=body, headers=manager | {"If-Match": tag}
    )

    assert refused.status_code == 412
    assert allowed.status_code in {200, 204}


async def test_a_reader_reads_and_changes_nothing(service: Service, reader: Header) -> None:
    path = f"{PATH}/{(await make_${singular}(service)).id}"
    body = await ${singular}_body(service)

    answers = [
        await service.client.get(PATH, headers=reader),
        await service.client.get(path, headers=reader),
        await service.client.post(PATH, json=body, headers=reader),
        await service.client.put(path, json=body, headers=reader),
        await service.client.patch(path, json={}, headers=reader),
        await service.client.delete(path, headers=reader),
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 403, 403, 403, 403]


async def test_who_has_neither_permission_sees_nothing(service: Service) -> None:
    member = (await logged_in(service)).header

    assert (await service.client.get(PATH, headers=member)).status_code == 403
    assert (await service.client.get(PATH)).status_code == 401


async def test_the_list_comes_in_pages(service: Service, reader: Header) -> None:
    made = [str((await make_${singular}(service)).id) for _ in range(3)]
    query: dict[str, Any] = {"limit": 2, "skip": 1, "order_by": "-created_at"}

    page = (await service.client.get(PATH, params=query, headers=reader)).json()

    assert [item["id"] for item in page["items"]] == made[1::-1]
    assert page["total"] == 3
    assert (page["has_prev"], page["has_next"]) == (True, False)


@pytest.mark.parametrize("order", ORDERS)
async def test_the_list_is_ordered_and_equals_by_id(
    service: Service, reader: Header, order: str
) -> None:
    made = [str((await make_${singular}(service)).id) for _ in range(2)]

    up, down = [
        (await service.client.get(PATH, params={"order_by": prefix + order}, headers=reader)).json()
        for prefix in ("", "-")
    ]

    assert [item["id"] for item in up["items"]] == made
    is_equal = order != "created_at"
    assert [item["id"] for item in down["items"]] == (made if is_equal else made[::-1])


@pytest.mark.parametrize(
    "query", [{"order_by": "version"}, {"limit": MAX_LIMIT + 1}, {"skip": -1}, {"unknown": "1"}]
)
async def test_an_unknown_question_is_refused(
    service: Service, reader: Header, query: dict[str, Any]
) -> None:
    response = await service.client.get(PATH, params=query, headers=reader)

    assert response.status_code == 422

% if filters:

@pytest.mark.parametrize(("name", "another"), [
% for field in filters:
% if field.target:
        ("${field.name}", {}),
% else:
        ("${field.name}", {"${field.name}": ${field.other}}),
% endif
% endfor
    ])
async def test_the_list_is_filtered(
    service: Service, reader: Header, name: str, another: dict[str, Any]
) -> None:
    wanted = await make_${singular}(service)
    await make_${singular}(service, **another)
    query = {name: str(getattr(wanted, name))}

    page = (await service.client.get(PATH, params=query, headers=reader)).json()

    assert [item["id"] for item in page["items"]] == [str(wanted.id)]

% endif
% if searched:

async def test_the_list_is_searched(service: Service, reader: Header) -> None:
    wanted = await make_${singular}(service, ${searched[0].name}=${searched[0].other})
    await make_${singular}(service)
    query = {"q": wanted.${searched[0].name}.upper()}

    page = (await service.client.get(PATH, params=query, headers=reader)).json()

    assert [item["id"] for item in page["items"]] == [str(wanted.id)]

% endif
% if references:

@pytest.mark.parametrize("name", [${listed(references)}])
async def test_what_it_refers_to_must_exist(
    service: Service, manager: Header, name: str
) -> None:
    body = await ${singular}_body(service, **{name: str(uuid4())})

    response = await service.client.post(PATH, json=body, headers=manager)

    assert response.status_code == 409

% endif
% if decimals:

@pytest.mark.parametrize(("name", "value"), [
% for field in decimals:
        ("${field.name}", ${field.sample}),
        ("${field.name}", ${field.limit}),
% endfor
    ])
async def test_a_decimal_comes_back_to_the_digit(
    service: Service, manager: Header, name: str, value: str
) -> None:
    path = f"{PATH}/{(await make_${singular}(service)).id}"

    updated = await service.client.patch(path, json={name: value}, headers=manager)
    read = await service.client.get(path, headers=manager)
    page = (await service.client.get(PATH, headers=manager)).json()

    assert updated.json()[name] == read.json()[name] == page["items"][0][name] == value
    assert updated.headers["ETag"] == read.headers["ETag"]


@pytest.mark.parametrize("value", ["NaN", "-Infinity", "1e1", "", "9" * 30, "0." + "9" * 30, 1.5])
@pytest.mark.parametrize("name", [${listed(decimals)}])
async def test_what_is_no_decimal_is_refused(
    service: Service, manager: Header, name: str, value: object
) -> None:
    path = f"{PATH}/{(await make_${singular}(service)).id}"

    response = await service.client.patch(path, json={name: value}, headers=manager)

    assert response.status_code == 422

% endif
async def test_an_unknown_field_is_refused(service: Service, manager: Header) -> None:
    body = await ${singular}_body(service, id=str(uuid4()))

    response = await service.client.post(PATH, json=body, headers=manager)

    assert response.status_code == 422


async def test_a_change_is_a_security_event(
    service: Service, manager: Header, security_events: list[SecurityEvent]
) -> None:
    body = await ${singular}_body(service)

    created = await service.client.post(PATH, json=body, headers=manager)

    [event] = [event for event in security_events if event.action.startswith("${singular}.")]
    assert (event.action, event.target) == (
        "${singular}.created",
        f"${singular}:{created.json()['id']}",
    )
=== migrations/versions/${revision}_add_${plural}.py
"""Add ${words}."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "${revision}"
down_revision: str | Sequence[str] | None = ${repr(down_revision)}
branch_labels: str | Sequence[str] | None = ${repr(branch_labels)}
depends_on: str | Sequence[str] | None = ${repr(depends_on)}


def upgrade() -> None:
    op.create_table(
        "${plural}",
        sa.Column("id", sa.Uuid(), nullable=False),
% for field in fields:
        sa.Column("${field.name}", ${field.sql}, nullable=${field.is_optional}),
% endfor
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
% for field in references:
        sa.ForeignKeyConstraint(
            ["${field.name}"],
            ["${field.target}.id"],
            name="${field.foreign_key(plural)}",
            ondelete="${field.on_delete}",
        ),
% endfor
        sa.PrimaryKeyConstraint("id", name="pk_${plural}"),
    )
    op.create_index("ix_${plural}_created_at", "${plural}", ["created_at"])
% for field in references:
    op.create_index("ix_${plural}_${field.name}", "${plural}", ["${field.name}"])
% endfor


def downgrade() -> None:
    op.drop_table("${plural}")
