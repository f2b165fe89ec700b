from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends

from app.api.deps import (
    CurrentUser,
    RecentUser,
    SessionDep,
    SessionsDep,
    SessionUser,
    no_store,
    recent_user,
    require,
    user_service,
)
from app.core import registry
from app.features.second_factor.login_challenge import LoginChallenges
from app.features.second_factor.replacement import FactorReplacement
from app.features.second_factor.schemas import (
    EnrolledTokens,
    LoginConfirmation,
    LoginEnrolment,
    RecoveryCodes,
    ReplacementConfirmation,
    TotpConfirmation,
    TotpEnrolment,
    TotpLogin,
    TotpReplacement,
)
from app.features.second_factor.service import SecondFactor
from app.schemas.auth import TokenResponse
from app.services.users import UserService

users_router = APIRouter(prefix="/users", tags=["users"])
router = APIRouter(prefix="/auth", tags=["auth"], dependencies=[Depends(no_store)])

LOGIN_ERRORS: dict[int | str, dict[str, Any]] = {
    HTTPStatus.UNAUTHORIZED: {},
    HTTPStatus.TOO_MANY_REQUESTS: {},
}
CODE_ERRORS: dict[int | str, dict[str, Any]] = {HTTPStatus.TOO_MANY_REQUESTS: {}}
ENROL_ERRORS: dict[int | str, dict[str, Any]] = {HTTPStatus.CONFLICT: {}}
MISSING_ERRORS: dict[int | str, dict[str, Any]] = {HTTPStatus.NOT_FOUND: {}}


Users = Annotated[UserService, Depends(user_service(require("users:manage")))]
Challenges = Annotated[LoginChallenges, Depends(registry.provide(LoginChallenges))]
Factor = Annotated[SecondFactor, Depends(registry.provide(SecondFactor))]
Replacement = Annotated[FactorReplacement, Depends(registry.provide(FactorReplacement))]


@router.post("/login/totp", responses=LOGIN_ERRORS)
async def login_with_totp(
    body: TotpLogin, challenges: Challenges, sessions: SessionsDep
) -> TokenResponse:
    """The second step of a login: its challenge, and a code or a recovery code. Each works once."""
    user = await challenges.answered(
        body.challenge.get_secret_value(), body.code.get_secret_value()
    )
    return await sessions.open(user)


@router.post("/login/totp/enrol", responses=LOGIN_ERRORS | ENROL_ERRORS)
async def enrol_at_login(body: LoginEnrolment, challenges: Challenges) -> TotpEnrolment:
    """For an account that must have a second factor and has none: the secret, to be confirmed."""
    return await challenges.enrol(body.challenge.get_secret_value())


@router.post("/login/totp/confirm", responses=LOGIN_ERRORS | ENROL_ERRORS)
async def confirm_at_login(
    body: LoginConfirmation, challenges: Challenges, sessions: SessionsDep
) -> EnrolledTokens:
    """Switches that factor on and ends the login. The recovery codes are in this answer only."""
    user, codes = await challenges.confirmed(
        body.challenge.get_secret_value(), body.code.get_secret_value()
    )
    tokens = await sessions.open(user)
    return EnrolledTokens(**tokens.model_dump(), recovery_codes=codes.recovery_codes)


@router.post("/totp", responses=ENROL_ERRORS)
async def enrol_totp(user: RecentUser, factor: Factor) -> TotpEnrolment:
    """The secret and its otpauth URI, once. It is asked for after it is confirmed."""
    return await factor.enrol(user)


@router.post("/totp/confirm", responses=CODE_ERRORS)
async def confirm_totp(body: TotpConfirmation, user: SessionUser, factor: Factor) -> RecoveryCodes:
    """Switches the second factor on. The recovery codes are in this answer and nowhere else."""
    return await factor.confirm(user, body.code.get_secret_value())


@router.post("/totp/replace", responses=CODE_ERRORS | MISSING_ERRORS)
async def replace_totp(
    body: TotpConfirmation, user: RecentUser, replacement: Replacement
) -> TotpReplacement:
    """For a code of the authenticator in use, or of recovery: the secret of another one, once."""
    return await replacement.begin(user, body.code.get_secret_value())


@router.post("/totp/replace/confirm", responses=CODE_ERRORS | ENROL_ERRORS)
async def confirm_replacement(
    body: ReplacementConfirmation, user: SessionUser, replacement: Replacement
) -> RecoveryCodes:
    """The new authenticator counts from now on; earlier codes, of recovery too, are void."""
    return await replacement.confirm(
        user, body.replacement.get_secret_value(), body.code.get_secret_value()
    )


@router.delete("/totp", status_code=HTTPStatus.NO_CONTENT, responses=MISSING_ERRORS)
async def disable_totp(user: RecentUser, factor: Factor) -> None:
    """The password is enough again; the recovery codes are gone."""
    await factor.disable(user)


@users_router.delete(
    "/{user_id:uuid}/totp", status_code=HTTPStatus.NO_CONTENT, dependencies=[Depends(recent_user)]
)
async def remove_user_totp(
    user_id: UUID, users: Users, session: SessionDep, actor: CurrentUser, factor: Factor
) -> None:
    """For who lost the authenticator and the recovery codes: the password is enough again."""
    await factor.remove_for(session, await users.reachable(user_id), actor)
