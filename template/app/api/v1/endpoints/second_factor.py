from http import HTTPStatus
from typing import Annotated
from typing import Any

from fastapi import APIRouter
from fastapi import Depends
from fastapi import Request

from app.api.deps import AuthDep
from app.api.deps import OwnSession
from app.api.deps import ReauthenticationDep
from app.api.deps import RecentUser
from app.api.deps import SessionUser
from app.api.deps import no_store
from app.schemas.auth import TokenResponse
from app.schemas.totp import EnrolledTokens
from app.schemas.totp import LoginConfirmation
from app.schemas.totp import LoginEnrolment
from app.schemas.totp import ReauthenticationRequest
from app.schemas.totp import RecoveryCodes
from app.schemas.totp import ReplacementConfirmation
from app.schemas.totp import TotpConfirmation
from app.schemas.totp import TotpEnrolment
from app.schemas.totp import TotpLogin
from app.schemas.totp import TotpReplacement
from app.services.factor_replacement import FactorReplacement
from app.services.login_challenge import LoginChallenges
from app.services.second_factor import SecondFactor

router = APIRouter(prefix="/auth", tags=["auth"], dependencies=[Depends(no_store)])

LOGIN_ERRORS: dict[int | str, dict[str, Any]] = {
    HTTPStatus.UNAUTHORIZED: {},
    HTTPStatus.TOO_MANY_REQUESTS: {},
}
CODE_ERRORS: dict[int | str, dict[str, Any]] = {HTTPStatus.TOO_MANY_REQUESTS: {}}
ENROL_ERRORS: dict[int | str, dict[str, Any]] = {HTTPStatus.CONFLICT: {}}
MISSING_ERRORS: dict[int | str, dict[str, Any]] = {HTTPStatus.NOT_FOUND: {}}


async def login_challenges(request: Request) -> LoginChallenges:
    challenges: LoginChallenges = request.app.state.login_challenges
    return challenges


async def second_factor(request: Request) -> SecondFactor:
    factor: SecondFactor = request.app.state.second_factor
    return factor


async def factor_replacement(request: Request) -> FactorReplacement:
    replacement: FactorReplacement = request.app.state.factor_replacement
    return replacement


Challenges = Annotated[LoginChallenges, Depends(login_challenges)]
Factor = Annotated[SecondFactor, Depends(second_factor)]
Replacement = Annotated[FactorReplacement, Depends(factor_replacement)]


@router.post("/login/totp", responses=LOGIN_ERRORS)
async def login_with_totp(body: TotpLogin, challenges: Challenges, auth: AuthDep) -> TokenResponse:
    """The second step of a login: its challenge, and a code or a recovery code. Each works once."""
    user = await challenges.answered(
        body.challenge.get_secret_value(), body.code.get_secret_value()
    )
    return await auth.open_session(user)


@router.post("/login/totp/enrol", responses=LOGIN_ERRORS | ENROL_ERRORS)
async def enrol_at_login(body: LoginEnrolment, challenges: Challenges) -> TotpEnrolment:
    """For an account that must have a second factor and has none: the secret, to be confirmed."""
    return await challenges.enrol(body.challenge.get_secret_value())


@router.post("/login/totp/confirm", responses=LOGIN_ERRORS | ENROL_ERRORS)
async def confirm_at_login(
    body: LoginConfirmation, challenges: Challenges, auth: AuthDep
) -> EnrolledTokens:
    """Switches that factor on and ends the login. The recovery codes are in this answer only."""
    user, codes = await challenges.confirmed(
        body.challenge.get_secret_value(), body.code.get_secret_value()
    )
    tokens = await auth.open_session(user)
    return EnrolledTokens(**tokens.model_dump(), recovery_codes=codes.recovery_codes)


@router.post("/reauthenticate", status_code=HTTPStatus.NO_CONTENT, responses=CODE_ERRORS)
async def reauthenticate(
    body: ReauthenticationRequest,
    user: SessionUser,
    session_id: OwnSession,
    reauthentication: ReauthenticationDep,
) -> None:
    """Takes the password or a code; for an hour the session may then do what asks for it."""
    if body.password is not None:
        await reauthentication.by_password(user, session_id, body.password.get_secret_value())
    elif body.code is not None:
        await reauthentication.by_code(user, session_id, body.code.get_secret_value())


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
