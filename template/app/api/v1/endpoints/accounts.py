from http import HTTPStatus
from typing import Any

from fastapi import APIRouter
from fastapi import Depends

from app.api.accounts import OwnPasswordDep
from app.api.accounts import RegistrationDep
from app.api.deps import OwnSession
from app.api.deps import RecentUser
from app.api.deps import no_store
from app.schemas.account import EmailChange
from app.schemas.account import Message
from app.schemas.account import PasswordChange
from app.schemas.account import PasswordForgotten
from app.schemas.account import PasswordReset
from app.schemas.account import RegisterRequest
from app.schemas.account import TokenRequest

router = APIRouter(prefix="/auth", tags=["accounts"], dependencies=[Depends(no_store)])

ABSENT: dict[int | str, dict[str, Any]] = {HTTPStatus.NOT_FOUND: {}}
TAKEN: dict[int | str, dict[str, Any]] = {HTTPStatus.CONFLICT: {}}
RESET_ERRORS: dict[int | str, dict[str, Any]] = {**ABSENT, HTTPStatus.PRECONDITION_FAILED: {}}
CHANGE_ERRORS: dict[int | str, dict[str, Any]] = {
    HTTPStatus.PRECONDITION_FAILED: {},
    HTTPStatus.TOO_MANY_REQUESTS: {},
}
SENT = Message(message="If the address can be used for this, a mail is on its way to it.")


@router.post("/register", status_code=HTTPStatus.ACCEPTED, responses=ABSENT)
async def register(body: RegisterRequest, registration: RegistrationDep) -> Message:
    """The answer is the same for an address that has an account; the mail tells them apart."""
    await registration.register(body)
    return SENT


@router.post("/verify-email", status_code=HTTPStatus.NO_CONTENT, responses=TAKEN)
async def verify_email(body: TokenRequest, registration: RegistrationDep) -> None:
    """Takes the token of a registration, and the one that confirms a new address."""
    await registration.verify(body.token.get_secret_value())


@router.post("/password/change", status_code=HTTPStatus.NO_CONTENT, responses=CHANGE_ERRORS)
async def change_password(
    body: PasswordChange, user: RecentUser, session_id: OwnSession, passwords: OwnPasswordDep
) -> None:
    """Every other session of the account ends."""
    current, new = body.current_password, body.new_password
    await passwords.change(user.id, session_id, current.get_secret_value(), new.get_secret_value())


@router.post("/password/forgot", status_code=HTTPStatus.ACCEPTED, responses=ABSENT)
async def forgot_password(body: PasswordForgotten, passwords: OwnPasswordDep) -> Message:
    """Mails a token for one reset to an address that has an account."""
    passwords.forgot(body.email)
    return SENT


@router.post("/password/reset", status_code=HTTPStatus.NO_CONTENT, responses=RESET_ERRORS)
async def reset_password(body: PasswordReset, passwords: OwnPasswordDep) -> None:
    """The token works once, and every session of the account ends."""
    await passwords.reset(body.token.get_secret_value(), body.new_password.get_secret_value())


@router.post("/email/change", status_code=HTTPStatus.ACCEPTED)
async def change_email(
    body: EmailChange, user: RecentUser, registration: RegistrationDep
) -> Message:
    """The new address confirms by mail before it counts; the old one is told."""
    await registration.request_change(user, body.email)
    return SENT
