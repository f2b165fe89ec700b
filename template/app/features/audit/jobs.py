"""Pruning of the audit trail as a scheduled job."""

from datetime import timedelta

from app.core import clock, registry
from app.core.settings import Settings
from app.features.audit import verification
from app.features.audit.keys import AuditKeys
from app.features.audit.verification import AuditSettings
from app.features.jobs import Cron, Job, NoPayload, Run


async def _prune_audit(run: Run, payload: NoPayload) -> None:
    """Raises BrokenChainError, which ends in the dead letters, where entries were changed."""
    settings = registry.get(run.app, Settings)
    days = settings.group(AuditSettings).audit_retention_days
    if days is not None:
        keys = registry.get(run.app, AuditKeys)
        await verification.prune(run.database, keys, clock.now() - timedelta(days=days))


PRUNE = Job(
    name="audit.prune",
    payload=NoPayload,
    handler=_prune_audit,
    timeout_seconds=3600,
    schedule=Cron("40 3 * * *"),
)
