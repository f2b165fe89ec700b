"""What the owner of an account is told of its second factor."""

from app.features.mail.message import Mail, compose

MAILS = {
    "factor.enabled": (
        "A second factor protects your account",
        "From now on a login asks for a code of your authenticator.",
    ),
    "factor.replaced": (
        "The authenticator of your account was replaced",
        "Codes of the one before, and recovery codes of before, do not work any more.",
    ),
    "factor.disabled": (
        "The second factor of your account was removed",
        "From now on your password is enough for a login.",
    ),
    "factor.recovery_code_used": (
        "A recovery code of your account was used",
        "It does not work again. Set up your authenticator anew before you run out of them.",
    ),
}
"""Subject and text, by what happened."""
NOT_YOU = "If this was not you, change your password and end your other sessions."


def mail_of(action: str, email: str) -> Mail:
    return compose(email, *MAILS[action], NOT_YOU)
