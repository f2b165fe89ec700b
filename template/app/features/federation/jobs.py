"""The hourly synchronisation with providers as a scheduled job."""

from uuid import UUID

from app.core import registry
from app.features.federation.port import Federation
from app.features.federation.provider_tokens import ProviderTokens
from app.features.federation.sync import ProviderSync
from app.features.jobs import Cron, Job, NoPayload, Run


async def _sync_providers(run: Run, payload: NoPayload) -> None:
    """Goes on behind the page that an earlier attempt kept."""
    tokens, flow = registry.get(run.app, ProviderTokens), registry.get(run.app, Federation)
    sync = ProviderSync(run.database, tokens, flow)
    after = UUID(run.progress["after"]) if run.progress else None
    while asked := await sync.ask(after):
        after = asked[-1].identity.id
        done = run.progress.get("done", 0) + len(asked)
        async with run.keeping({"after": str(after), "done": done}) as session:
            await sync.write(session, asked)


SYNC = Job(
    name="oauth.sync",
    payload=NoPayload,
    handler=_sync_providers,
    timeout_seconds=3300,
    schedule=Cron("5 * * * *"),
)
