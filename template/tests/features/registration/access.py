"""Who may call the routes of registration."""

PUBLIC = {
    ("POST", "/api/v1/auth/register"),
    ("POST", "/api/v1/auth/verify-email"),
    ("POST", "/api/v1/auth/password/forgot"),
    ("POST", "/api/v1/auth/password/reset"),
}
ANY_USER = {("POST", "/api/v1/auth/email/change")}
