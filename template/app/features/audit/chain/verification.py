"""Whether the chain of sealed entries is verified, and the removal of its oldest part."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import RowMapping, bindparam, delete, or_, select

from app.core import clock
from app.core.database import Database
from app.core.security import events
from app.features.audit.chain.keys import AuditKeys, content, link
from app.features.audit.chain.models import ONLY_ID, AuditChain
from app.features.audit.chain.sealer import (
    ANY_SEALED,
    BATCH,
    CHAIN,
    BrokenChainError,
    chain_of,
    record_of,
    sign_chain,
    try_lock,
)
from app.features.audit.trail import entries

SEALED_WITHIN = timedelta(seconds=60)
NEXT = (
    select(entries)
    .where(entries.c.sequence > bindparam("place"), entries.c.sequence <= bindparam("last"))
    .order_by(entries.c.sequence)
    .limit(BATCH)
)
BASE = select(AuditChain.base_sequence).scalar_subquery()
HEAD = select(AuditChain.head_sequence).scalar_subquery()
# One statement, so that it sees entries and the record of the chain at the same moment.
OUTSIDE = (
    select(entries.c.sequence, entries.c.id)
    .where(or_(entries.c.sequence <= BASE, entries.c.sequence > HEAD))
    .order_by(entries.c.sequence)
    .limit(1)
)
WAITING = select(entries).where(entries.c.sequence.is_(None)).order_by(entries.c.id).limit(2000)


@dataclass(frozen=True)
class VerifiedRange:
    """What was found to be as it was sealed."""

    first: int
    last: int
    head: str


class ChainVerifier:
    """From the anchor along the chain, one entry at a time."""

    def __init__(self, keys: AuditKeys, chain: AuditChain) -> None:
        self._keys = keys
        self.place = chain.base_sequence
        self.link = chain.base_link
        self._proved = self.place

    def step(self, entry: RowMapping) -> None:
        """Raises BrokenChainError unless this entry was sealed as the next one."""
        self.place += 1
        if entry["sequence"] != self.place:
            raise BrokenChainError(f"entry number {self.place} was removed")
        facts = content(entry)
        if not entry["seal"] or self._keys.is_genuine("entry", facts, entry["mac"]) is False:
            raise BrokenChainError(f"entry number {self.place} ({entry['id']}) was changed")
        self.link = link(self.link, facts)
        genuine = self._keys.is_genuine("seal", self.link.encode(), entry["seal"])
        if genuine:
            self._proved = self.place
        elif genuine is False:
            raise BrokenChainError(f"{self._unproved} is not what was sealed there")

    def end(self, chain: AuditChain) -> None:
        if self.place < chain.head_sequence:
            raise BrokenChainError(f"entry number {self.place + 1} was removed")
        if self.link != chain.head_link:
            raise BrokenChainError(f"{self._unproved} is not what was sealed there")

    @property
    def _unproved(self) -> str:
        """More than one where the key of their seals is no longer known."""
        first = min(self._proved + 1, self.place)
        if first == self.place:
            return f"entry number {first}"
        return f"one of the entries number {first} to {self.place}"


async def verify(database: Database, keys: AuditKeys) -> VerifiedRange:
    """Raises BrokenChainError that names the first entry which is not as it was sealed."""
    verified = await _verified(database, keys)
    for sequence, identity in await database.rows(OUTSIDE, {}):
        raise BrokenChainError(f"entry number {sequence} ({identity}) was inserted")
    for row in await database.rows(WAITING, {}):
        _check_waiting(keys, row._mapping)
    return verified


async def prune_some(database: Database, keys: AuditKeys, before: datetime) -> int:
    """Removes the oldest sealed entries from before that time and leaves an anchor.

    Raises BrokenChainError, and removes nothing, at an entry that is not as it was sealed.
    """
    async with database.write() as session:
        is_begun = await session.scalar(CHAIN) is not None
        if not is_begun or not await try_lock(session):
            return 0
        chain = await chain_of(session, keys)
        anchor = chain.base_sequence
        place = {"place": anchor, "last": chain.head_sequence}
        verifier = ChainVerifier(keys, chain)
        for entry in (await session.execute(NEXT, place)).mappings():
            if entry["at"] >= before:
                break
            verifier.step(entry)
            chain.base_sequence, chain.base_link = verifier.place, verifier.link
        if verifier.place > anchor:
            sign_chain(chain, keys)
            await session.execute(delete(entries).where(entries.c.sequence <= verifier.place))
            events.record(
                session, "audit.pruned", actor_id=None, first=anchor + 1, last=verifier.place
            )
    return verifier.place - anchor


async def _verified(database: Database, keys: AuditKeys) -> VerifiedRange:
    chain = await _chain(database, keys)
    verifier = ChainVerifier(keys, chain)
    try:
        async for entry in _sealed(database, verifier, chain.head_sequence):
            verifier.step(entry)
        verifier.end(chain)
    except BrokenChainError:
        if (await _chain(database, keys)).base_sequence == chain.base_sequence:
            raise
        return await _verified(database, keys)  # what was being read has been pruned
    return VerifiedRange(chain.base_sequence + 1, chain.head_sequence, chain.head_link)


async def _sealed(
    database: Database, verifier: ChainVerifier, last: int
) -> AsyncIterator[RowMapping]:
    while rows := await database.rows(NEXT, {"place": verifier.place, "last": last}):
        for row in rows:
            yield row._mapping


async def _chain(database: Database, keys: AuditKeys) -> AuditChain:
    async with database.read() as session:
        chain = await session.get(AuditChain, ONLY_ID)
    if chain is None:
        if await database.rows(ANY_SEALED, {}):
            raise BrokenChainError("the record of the chain was removed")
        return AuditChain.empty()
    if not keys.is_genuine("chain", record_of(chain), chain.mac):
        raise BrokenChainError("the record of the chain was changed, or its key is not known")
    return chain


def _check_waiting(keys: AuditKeys, entry: RowMapping) -> None:
    if not keys.is_genuine("entry", content(entry), entry["mac"]):
        raise BrokenChainError(f"entry {entry['id']} was not written by this service, or changed")
    if entry["at"] < clock.now() - SEALED_WITHIN:
        raise BrokenChainError(f"entry {entry['id']} has not been sealed for over a minute")
