"""Logins that end in a one-time code, which only the client's PKCE verifier redeems (RFC 7636)."""

import base64
import hashlib
import hmac
from datetime import timedelta
from typing import Any
from urllib.parse import urljoin
from uuid import UUID

from app.core import clock
from app.core.database import Database
from app.core.http.errors import (
    BadRequest,
    NotFound,
    OAuthError,
    Unauthenticated,
    Unprocessable,
)
from app.core.security import events
from app.core.security.passwords import fingerprint
from app.features.federation.login_methods import Client, LoginMethods
from app.features.federation.schemas import (
    AuthorizationAnswer,
    AuthorizeRequest,
    CodeGrant,
    ProviderInfo,
    Providers,
)
from app.features.state_store import State, StateStore
from app.models.user import User
from app.repositories.session import SessionRepository
from app.repositories.user import UserRepository
from app.schemas.auth import TokenResponse
from app.services.auth import AuthService
from app.services.sessions import Sessions

LOCAL = ProviderInfo(name="local", display_name="Password", type="local", scopes=[])
CODE_PURPOSE = "authorization-code"
USED_PURPOSE = "used-authorization-code"
AGAIN_PURPOSE = "authorization-code-again"
CODE_TTL = timedelta(seconds=60)


class AuthorizationService:
    def __init__(
        self,
        database: Database,
        auth: AuthService,
        sessions: Sessions,
        methods: LoginMethods,
        states: StateStore,
    ) -> None:
        self._database = database
        self._auth = auth
        self._sessions = sessions
        self._methods = methods
        self._states = states

    def providers(self) -> Providers:
        others = [
            ProviderInfo(
                name=method.name,
                display_name=method.display_name,
                type=method.type,
                scopes=list(method.scopes),
            )
            for method in self._methods.by_name.values()
        ]
        return Providers(providers={provider.name: provider for provider in (LOCAL, *others)})

    async def authorize(self, body: AuthorizeRequest, base_url: str) -> AuthorizationAnswer:
        """`base_url` is that of this service, as its client knows it.

        Raises BadRequest for a redirect_uri on no list, NotFound, or what a login raises."""
        client = self.client(body.redirect_uri, body.state, body.code_challenge)
        answer = AuthorizationAnswer(state=client.state, redirect_uri=client.redirect_uri)
        if body.provider == LOCAL.name:
            user = await self._authenticated(body)
            facts = {"password": fingerprint(user.password_hash)}
            answer.authorization_code = await self.issue(user.id, client, **facts)
        elif method := self._methods.by_name.get(body.provider):
            answer.authorization_url = urljoin(base_url, await method.begin(client))
        else:
            raise NotFound("provider_not_found", "There is no such provider.")
        return answer

    def client(self, redirect_uri: str | None, state: str, code_challenge: str) -> Client:
        return Client(self.allowed_redirect_uri(redirect_uri), state, code_challenge)

    def allowed_redirect_uri(self, redirect_uri: str | None) -> str:
        """Raises BadRequest unless it is on the list, to the letter."""
        allowed = self._methods.redirect_uri(redirect_uri)
        if allowed is None:
            raise BadRequest("redirect_uri_not_allowed", "The redirect_uri is not on the list.")
        return allowed

    async def issue(self, user_id: UUID, client: Client, **facts: Any) -> str:
        """`facts` are `is_new_user`, the fingerprint of the `password` that was the proof, and the
        `provider` with what is `pending` there.
        """
        state = {
            "user_id": str(user_id),
            "redirect_uri": client.redirect_uri,
            "code_challenge": client.code_challenge,
            **facts,
        }
        return await self._states.put(CODE_PURPOSE, state, CODE_TTL)

    async def redeem(self, grant: CodeGrant) -> TokenResponse:
        """Raises OAuthError `invalid_grant`; the code is used up whatever else was wrong.

        One that comes again ends the session it began (RFC 6749 section 4.1.2).
        """
        code = grant.code.get_secret_value()
        state = await self._states.take(CODE_PURPOSE, code)
        if state is None:
            await self._came_again(grant)
        if state is None or not _belongs(state, grant):
            raise _invalid_code()
        user_id = UUID(state["user_id"])
        if "pending" in state:
            await self._completed(user_id, state)
        answer = await self._start_session(user_id, state)
        began = str(self._sessions.session_of(answer.refresh_token))
        claim = _claim_handle(grant)
        await self._states.put_back(USED_PURPOSE, claim, {"began": began}, CODE_TTL)
        if await self._states.take(AGAIN_PURPOSE, claim) is not None:
            await self._end_session(UUID(began))
            raise _invalid_code()
        return answer

    async def _start_session(self, user_id: UUID, state: State) -> TokenResponse:
        """Raises OAuthError for a disabled account, and where the password was changed since."""
        async with self._database.read() as session:
            user = await UserRepository(session).with_roles(user_id)
        if user is None or not user.is_active:
            raise OAuthError("invalid_grant", "The account is disabled.", code="account_disabled")
        if state.get("password") not in (None, fingerprint(user.password_hash)):
            raise OAuthError("invalid_grant", "The password was changed since.")
        try:
            answer = await self._sessions.open(user)
        except Unauthenticated as error:
            raise OAuthError("invalid_grant", error.detail, code=error.code) from None
        return answer.model_copy(update={"is_new_user": state.get("is_new_user", False)})

    async def _end_session(self, session_id: UUID) -> None:
        """Ends the session that the first use of a code began."""
        target = f"session:{session_id}"
        async with self._database.write() as session:
            owner = await SessionRepository(session).end(session_id, clock.now())
            events.record(
                session, "auth.code.reused", actor_id=owner, target=target, outcome="failure"
            )

    async def _completed(self, user_id: UUID, state: State) -> None:
        method = self._methods.by_name.get(state["provider"])
        if method is None:  # switched off since
            raise _invalid_code()
        await method.complete(user_id, state["pending"])

    async def _came_again(self, grant: CodeGrant) -> None:
        """Only for the client's own verifier: who merely saw the code ends nothing, and hides
        nothing from who comes with it.

        Each of two leaves word before it looks for that of the other, so that one of them finds it
        however they overlap.
        """
        claim = _claim_handle(grant)
        await self._states.put_back(AGAIN_PURPOSE, claim, {}, CODE_TTL)
        used = await self._states.take(USED_PURPOSE, claim)
        if used is not None:
            await self._end_session(UUID(used["began"]))

    async def _authenticated(self, body: AuthorizeRequest) -> User:
        identifier = body.email or body.username
        if identifier is None or body.password is None:
            raise Unprocessable(
                "credentials_required", "A password is needed, with a username or an email."
            )
        return await self._auth.authenticate(identifier, body.password.get_secret_value())


def _belongs(state: State, grant: CodeGrant) -> bool:
    same_client = hmac.compare_digest(_challenge(grant), state["code_challenge"])
    return same_client and grant.redirect_uri == state["redirect_uri"]


def _claim_handle(grant: CodeGrant) -> str:
    """Of the code together with what has to come with it: another claim finds another state."""
    return f"{grant.code.get_secret_value()}/{_challenge(grant)}/{grant.redirect_uri}"


def _challenge(grant: CodeGrant) -> str:
    digest = hashlib.sha256(grant.code_verifier.get_secret_value().encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _invalid_code() -> OAuthError:
    return OAuthError("invalid_grant", "The authorization code is not valid.")
