"""Tables of the template, one noun a file; importing this package registers all of them."""

from app.core.idempotency import StoredAnswer
from app.core.ports import CounterRow
from app.core.state_store import StateRow
from app.models.api_key import ApiKey
from app.models.audit_chain import AuditChain
from app.models.audit_entry import AuditEntry
from app.models.one_time_token import OneTimeToken
from app.models.recovery_code import RecoveryCode
from app.models.role import Role
from app.models.session import Session
from app.models.totp_factor import TotpFactor
from app.models.user import User

__all__ = [
    "ApiKey",
    "AuditChain",
    "AuditEntry",
    "CounterRow",
    "OneTimeToken",
    "RecoveryCode",
    "Role",
    "Session",
    "StateRow",
    "StoredAnswer",
    "TotpFactor",
    "User",
]
