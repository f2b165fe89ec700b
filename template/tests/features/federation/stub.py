"""A provider on loopback that is honest until a test makes it lie."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID = "the-client"
SECRET = "the secret of the client"

type Claims = dict[str, Any]


def signing_key(kid: str = "first") -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})


KEY = signing_key()
OTHER_KEY = signing_key()


@dataclass
class Reply:
    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    drip_seconds: float = 0
    """Between one byte and the next."""


@dataclass
class Stub:
    """`paths` override what is answered; `claims`, `header` and `token` are what is issued."""

    url: str = ""
    key: RSAKey = field(default_factory=lambda: KEY)
    published: list[Claims] = field(default_factory=lambda: [KEY.as_dict(private=False)])
    claims: Claims = field(default_factory=dict)
    header: Claims = field(default_factory=lambda: {"alg": "RS256", "kid": "first"})
    token: Claims = field(default_factory=dict)
    metadata: Claims = field(default_factory=dict)
    userinfo: Claims = field(default_factory=dict)
    secrets: list[str] = field(default_factory=lambda: [SECRET])
    paths: dict[str, Callable[[], Reply]] = field(default_factory=dict)
    token_paths: set[str] = field(default_factory=lambda: {"/token"})
    asked: list[str] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)
    nonces: dict[str, str] = field(default_factory=dict)
    challenges: dict[str, str] = field(default_factory=dict)
    released: threading.Event = field(default_factory=threading.Event)

    def authorized(self, url: str) -> dict[str, str]:
        """What a user does at the authorization endpoint; the parameters of the way back."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        code = f"code{len(self.nonces)}"
        self.nonces[code] = query.get("nonce", "")
        self.challenges[code] = query["code_challenge"]
        assert query["code_challenge_method"] == "S256"
        return {"code": code, "state": query["state"]}

    def hang(self) -> Reply:
        self.released.wait(20)
        return Reply(b"{}")

    def answer(self, path: str, form: dict[str, str], authorization: str) -> Reply:
        self.asked.append(path)
        if path in self.paths:
            return self.paths[path]()
        if path == "/.well-known/openid-configuration":
            return _json(self._metadata())
        if path == "/keys":
            return _json({"keys": self.published})
        if path in self.token_paths:
            return self._token(form, authorization)
        if path == "/landed":
            page = b"<!doctype html><body class=landed>here</body>"
            return Reply(page, headers={"Content-Type": "text/html"})
        if path == "/userinfo":
            return _json({"sub": "the subject", **self.userinfo})
        return Reply(b"", 404)

    def document(self, **facts: Any) -> Callable[[], Reply]:
        return lambda: _json(self._metadata() | facts)

    def _metadata(self) -> Claims:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "end_session_endpoint": f"{self.url}/logout",
            "id_token_signing_alg_values_supported": ["RS256", "none", "HS256"],
            **self.metadata,
        }

    def _token(self, form: dict[str, str], authorization: str) -> Reply:
        self.forms.append(form)
        if not self._knows(form, authorization):
            return _json({"error": "invalid_client"}, 401)
        if form["grant_type"] == "authorization_code":
            digest = hashlib.sha256(form["code_verifier"].encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            if self.challenges.get(form["code"]) != challenge:
                return _json({"error": "invalid_grant"}, 400)
        issued = {
            "access_token": f"access{len(self.forms)}",
            "token_type": "Bearer",
            "expires_in": 3600,
            "refresh_token": f"refresh{len(self.forms)}",
            "id_token": self._id_token(form.get("code", "")),
            **self.token,
        }
        return _json({name: value for name, value in issued.items() if value is not None})

    def _knows(self, form: dict[str, str], authorization: str) -> bool:
        sent = form.get("client_secret", "")
        if authorization.startswith("Basic "):
            sent = base64.b64decode(authorization[6:]).decode().partition(":")[2]
        return sent in self.secrets

    def _id_token(self, code: str) -> str:
        now = int(time.time())
        claims = {
            "iss": self.url,
            "sub": "the subject",
            "aud": CLIENT_ID,
            "exp": now + 300,
            "iat": now,
            "nonce": self.nonces.get(code),
            "email": "ada@example.com",
            "email_verified": True,
            "name": "Ada Lovelace",
            "preferred_username": "ada",
            **self.claims,
        }
        present = {name: value for name, value in claims.items() if value is not None}
        if self.header["alg"] == "none":
            return f"{_part(self.header)}.{_part(present)}."
        if self.header["alg"] == "HS256":  # the public key as the secret, as a lax verifier has it
            signed = f"{_part(self.header)}.{_part(present)}"
            public = KEY.as_pem(private=False)
            return f"{signed}.{_encoded(hmac.digest(public, signed.encode(), hashlib.sha256))}"
        return jwt.encode(self.header, present, self.key, algorithms=["RS256"])


class Server:
    """One socket, whose stub each test replaces."""

    def __init__(self) -> None:
        self._server = _Socket(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.stub = Stub(self.url)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}
        )
        self._thread.start()

    @property
    def stub(self) -> Stub:
        return self._server.stub

    @stub.setter
    def stub(self, stub: Stub) -> None:
        self._server.stub = stub

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Socket(ThreadingHTTPServer):
    daemon_threads = True
    stub: Stub


class _Handler(BaseHTTPRequestHandler):
    server: _Socket

    def do_GET(self) -> None:
        self.reply({})

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", "0"))
        fields = parse_qs(self.rfile.read(length).decode())
        self.reply({name: values[0] for name, values in fields.items()})

    def reply(self, form: dict[str, str]) -> None:
        stub = self.server.stub
        path = urlsplit(self.path).path
        self.send(stub.answer(path, form, self.headers.get("authorization", "")), stub)

    def send(self, reply: Reply, stub: Stub) -> None:
        try:
            self.send_response(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self._drip(reply, stub)
        except OSError:
            self.close_connection = True

    def _drip(self, reply: Reply, stub: Stub) -> None:
        step = 1 if reply.drip_seconds else len(reply.body) or 1
        for start in range(0, len(reply.body), step):
            self.wfile.write(reply.body[start : start + step])
            if reply.drip_seconds and stub.released.wait(reply.drip_seconds):
                return

    def log_message(self, format: str, *arguments: Any) -> None:
        """The test reads `asked`."""


def _json(value: Any, status: int = 200) -> Reply:
    return Reply(json.dumps(value).encode(), status)


def _part(value: Claims) -> str:
    return _encoded(json.dumps(value).encode())


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
