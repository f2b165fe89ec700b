"""Seals committed audit entries, in order, into one chain; a change of an entry breaks it.

Every entry has a MAC from the moment it is written, so that only what the service wrote is sealed.
The seal of an entry is a MAC over its link, and a link is a hash of the link before and the entry:
the record of the chain's head, signed with the current key, proves what older keys sealed.
Entries from before there was a chain have no MAC. An operator adopts them before the chain begins.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, RowMapping, Select, bindparam, func, select, update

from app.core.database import Database, WriteSession
from app.core.http.errors import Conflict
from app.features.audit.chain.keys import AuditKeys, content, link
from app.features.audit.chain.models import ONLY_ID, AuditChain
from app.features.audit.trail import entries

log = structlog.get_logger("app.audit")

LOCK = 0x61756469
"""Held by the one transaction that seals or prunes."""
BATCH = 200
BEFORE_ALL = UUID(int=0)
INTERVAL_SECONDS = 2.0
"""For what another instance committed, or left behind when it crashed."""
GATHERING_SECONDS = 1.0
"""Waited after a commit, so that a burst is sealed in one transaction."""


def _batch_without(column: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    """The next entries, in order, in which the column is null."""
    missing = select(entries).where(column.is_(None), entries.c.id > bindparam("after"))
    return missing.order_by(entries.c.id).limit(BATCH)


UNSEALED = _batch_without(entries.c.sequence)
UNSIGNED = _batch_without(entries.c.mac)
ANY_UNSEALED = select(entries.c.id).where(entries.c.sequence.is_(None)).limit(1)
SEAL = (
    update(entries)
    .where(entries.c.id == bindparam("entry"))
    .values(sequence=bindparam("place"), seal=bindparam("proof"))
)
ANY_UNSIGNED = select(entries.c.id).where(entries.c.mac.is_(None)).limit(1)
SIGN = update(entries).where(entries.c.id == bindparam("entry")).values(mac=bindparam("proof"))
CHAIN = select(AuditChain.id)
ANY_SEALED = select(entries.c.id).where(entries.c.sequence.is_not(None)).limit(1)


class BrokenChainError(Conflict):
    """What is wrong, and with which entry."""

    def __init__(self, problem: str) -> None:
        super().__init__("audit_chain_broken", problem)

    def __str__(self) -> str:
        return self.detail


class Sealer:
    """One per process; of several, one works and the others come again."""

    def __init__(self, database: Database, keys: AuditKeys) -> None:
        self._database = database
        self._keys = keys
        self._committed = asyncio.Event()
        self.at_rest = asyncio.Lock()
        """Held while it works: whoever ends it takes this first, and interrupts no statement."""
        self._last_problem: str | None = None

    async def wake(self) -> None:
        self._committed.set()

    async def run(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._committed.wait(), INTERVAL_SECONDS)
                await asyncio.sleep(GATHERING_SECONDS)
            self._committed.clear()
            async with self.at_rest:
                self._note(await self._problem())

    async def _problem(self) -> str | None:
        try:
            await seal_all(self._database, self._keys)
        except Exception as error:  # the edge of a task: it goes on when the database is back
            return f"{type(error).__name__}: {error}"
        return None

    def _note(self, problem: str | None) -> None:
        """A problem is told once, not at every attempt."""
        if problem is not None and problem != self._last_problem:
            log.error("audit.sealing.failed", reason=problem)
        self._last_problem = problem


async def seal_all(database: Database, keys: AuditKeys) -> None:
    """One short transaction after another, so that nobody waits for long.

    Raises BrokenChainError where the chain's own record is not what this service signed, and where
    the chain would begin over entries that it did not sign.
    """
    if not await database.rows(ANY_UNSEALED, {}):
        return
    last: UUID | None = BEFORE_ALL
    while last is not None and await database.rows(ANY_UNSEALED, {}):
        last = await _seal_batch(database, keys, last)


async def adopt(database: Database, keys: AuditKeys) -> int:
    """Signs the entries that were written before there was a chain, and returns how many.

    Raises BrokenChainError where there was a chain, and Conflict where another instance seals.
    """
    count, last = 0, BEFORE_ALL
    while True:
        async with database.write() as session:
            if not await try_lock(session):
                raise Conflict("audit_busy", "Another instance works on the trail: run it again.")
            if await session.scalar(CHAIN) is not None:
                raise BrokenChainError("the chain has begun: no entry can be older")
            await _require_unsealed(session)
            older = (await session.execute(UNSIGNED, {"after": last})).mappings().all()
            if not older:
                return count
            proofs = [{"entry": e["id"], "proof": keys.sign("entry", content(e))} for e in older]
            await session.execute(SIGN, proofs)
        count, last = count + len(older), older[-1]["id"]


async def try_lock(session: WriteSession) -> bool:
    """False where another instance seals or prunes; on SQLite a transaction holds the only lock."""
    if session.get_bind().dialect.name != "postgresql":
        return True
    return bool(await session.scalar(select(func.pg_try_advisory_xact_lock(LOCK))))


async def chain_of(session: WriteSession, keys: AuditKeys) -> AuditChain:
    """Raises BrokenChainError where it may not be built upon."""
    chain = await session.get(AuditChain, ONLY_ID)
    if chain is None:
        await _require_unsealed(session)
        if await session.scalar(ANY_UNSIGNED) is not None:
            raise BrokenChainError("entries are older than the chain: run `app audit adopt` once")
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


async def _require_unsealed(session: WriteSession) -> None:
    """A sealed entry without the record of a chain means that somebody removed the record."""
    if await session.scalar(ANY_SEALED) is not None:
        raise BrokenChainError("the record of the chain was removed")


async def _seal_batch(database: Database, keys: AuditKeys, after: UUID) -> UUID | None:
    """The id of the last entry looked at, or None where no more wait or another instance works."""
    async with database.write() as session:
        if not await try_lock(session):
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
