"""Who may call the routes of the second factor."""

PUBLIC = {
    ("POST", "/api/v1/auth/login/totp"),
    ("POST", "/api/v1/auth/login/totp/confirm"),
    ("POST", "/api/v1/auth/login/totp/enrol"),
}
ANY_USER = {
    ("POST", "/api/v1/auth/totp"),
    ("POST", "/api/v1/auth/totp/confirm"),
    ("DELETE", "/api/v1/auth/totp"),
    ("POST", "/api/v1/auth/totp/replace"),
    ("POST", "/api/v1/auth/totp/replace/confirm"),
}
