"""Seals committed audit entries, in order, into one chain; whoever changes one breaks it.

Every entry has a MAC from the moment it is written, so that only what the service wrote is sealed.
The seal of an entry is a MAC over its link, and a link is a hash of the link before and the entry:
the record of the chain's head, signed with the current key, proves what older keys sealed.
"""

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

import structlog
from sqlalchemy import RowMapping, Table, bindparam, select, update

from app.core.database import Database, WriteSession
from app.features.audit.keys import AuditKeys, content, link
from app.features.audit.models import ONLY_ID, AuditChain, AuditEntry

log = structlog.get_logger("app.audit")

LOCK = 0x61756469
"""Held by the one transaction that seals or prunes."""
BATCH = 200
BEFORE_ALL = UUID(int=0)
entries = cast("Table", AuditEntry.__table__)
UNSEALED = (
    select(entries)
    .where(entries.c.sequence.is_(None), entries.c.id > bindparam("after"))
    .order_by(entries.c.id)
    .limit(BATCH)
)
ANY_UNSEALED = select(entries.c.id).where(entries.c.sequence.is_(None)).limit(1)
SEAL = (
    update(entries)
    .where(entries.c.id == bindparam("entry"))
    .values(sequence=bindparam("place"), seal=bindparam("proof"))
)


class BrokenChainError(Exception):
    """What is wrong, and with which entry."""


async def seal_all(database: Database, keys: AuditKeys) -> None:
    """One short transaction after another, so that nobody waits for long.

    Raises BrokenChainError where the chain's own record is not what this service signed.
    """
    last: UUID | None = BEFORE_ALL
    while last is not None and await database.rows(ANY_UNSEALED, {}):
        last = await _seal_batch(database, keys, last)


async def chain_of(session: WriteSession, keys: AuditKeys) -> AuditChain:
    chain = await session.get(AuditChain, ONLY_ID)
    if chain is None:
        chain = AuditChain.empty()
        sign_chain(chain, keys)
        session.add(chain)
    elif not keys.is_genuine("chain", record_of(chain), chain.mac):
        raise BrokenChainError("the record of the chain was changed, or its key is not known")
    return chain


def sign_chain(chain: AuditChain, keys: AuditKeys) -> None:
    chain.mac = keys.sign("chain", record_of(chain))


def record_of(chain: AuditChain) -> bytes:
    anchor = f"{chain.base_sequence}/{chain.base_link}"
    return f"{anchor}/{chain.head_sequence}/{chain.head_link}".encode()


async def _seal_batch(database: Database, keys: AuditKeys, after: UUID) -> UUID | None:
    """The id of the last entry looked at, or None where no more wait or another instance works."""
    async with database.write() as session:
        if not await database.try_lock(session, LOCK):
            return None
        waiting = (await session.execute(UNSEALED, {"after": after})).mappings().all()
        if waiting:
            await _seal(session, keys, waiting)
    return UUID(str(waiting[-1]["id"])) if len(waiting) == BATCH else None


async def _seal(session: WriteSession, keys: AuditKeys, waiting: Sequence[RowMapping]) -> None:
    chain = await chain_of(session, keys)
    sealed: list[dict[str, Any]] = []
    for entry in waiting:
        facts = content(entry)
        if not keys.is_genuine("entry", facts, entry["mac"]):
            log.warning("audit.entry.not_sealed", entry_id=str(entry["id"]))
            continue
        chain.head_sequence += 1
        chain.head_link = link(chain.head_link, facts)
        proof = keys.sign("seal", chain.head_link.encode())
        sealed.append({"entry": entry["id"], "place": chain.head_sequence, "proof": proof})
    sign_chain(chain, keys)
    if sealed:
        await session.execute(SEAL, sealed)
