"""Pruning of the audit trail as a scheduled job."""

from datetime import timedelta

from app.core import clock, registry
from app.core.settings import Settings
from app.features.audit.trail import AuditSettings, AuditTrail
from app.features.jobs import Cron, Job, NoPayload, Run


async def _prune_audit(run: Run, payload: NoPayload) -> None:
    """An error ends in the dead letters, as where the trail can be verified and was changed."""
    days = registry.get(run.app, Settings).group(AuditSettings).audit_retention_days
    if days is not None:
        await registry.get(run.app, AuditTrail).prune(clock.now() - timedelta(days=days))


PRUNE = Job(
    name="audit.prune",
    payload=NoPayload,
    handler=_prune_audit,
    timeout_seconds=3600,
    schedule=Cron("40 3 * * *"),
)
