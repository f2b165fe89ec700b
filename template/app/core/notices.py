"""What the owner of an account must be told; a part that can reach them delivers it."""

from typing import Literal, Protocol

from app.core.database import WriteSession

type Notice = Literal["password_changed", "address_changed"]


class Notices(Protocol):
    def send(self, session: WriteSession, notice: Notice, address: str) -> None:
        """Leaves once the transaction is committed, and never if it is not."""
        ...


class NoNotices:
    def send(self, session: WriteSession, notice: Notice, address: str) -> None: ...
