"""Who may call the routes of federated login."""

PUBLIC = {
    ("GET", "/api/v1/auth/providers"),
    ("POST", "/api/v1/auth/authorize"),
    ("GET", "/api/v1/auth/login/{provider}"),
    ("GET", "/api/v1/auth/callback/{provider}"),
}
ANY_USER = {
    ("POST", "/api/v1/auth/logout/{provider}"),
    ("GET", "/api/v1/auth/identities"),
    ("POST", "/api/v1/auth/identities/{provider}"),
    ("DELETE", "/api/v1/auth/identities/{provider}"),
}
