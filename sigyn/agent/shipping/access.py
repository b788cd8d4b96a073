"""Credentials and TLS of HTTP connections, from their configuration to httpx."""

import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

import httpx

from sigyn.agent.config.clients import Authorization, BasicAuth, OAuth2, TlsConfig
from sigyn.agent.errors import ConfigurationError

_VERSIONS = {
    "TLS10": ssl.TLSVersion.TLSv1,
    "TLS11": ssl.TLSVersion.TLSv1_1,
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}


class Access(Protocol):
    """The settings that every HTTP client of Prometheus' family has."""

    @property
    def basic_auth(self) -> BasicAuth | None: ...
    @property
    def authorization(self) -> Authorization | None: ...
    @property
    def oauth2(self) -> OAuth2 | None: ...
    @property
    def bearer_token(self) -> str: ...
    @property
    def bearer_token_file(self) -> str: ...
    @property
    def tls_config(self) -> TlsConfig | None: ...
    @property
    def proxy_url(self) -> str: ...
    @property
    def proxy_from_environment(self) -> bool: ...
    @property
    def follow_redirects(self) -> bool: ...


def http_client(access: Access, timeout: float, transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """A client with these proxies and certificates; `timeout` in seconds. Raises ConfigurationError."""
    return httpx.AsyncClient(
        timeout=timeout,
        verify=tls_context(access.tls_config),
        proxy=access.proxy_url or None,
        trust_env=access.proxy_from_environment,
        follow_redirects=access.follow_redirects,
        event_hooks=server_name_hooks(access.tls_config),
        transport=transport,
    )


def server_name_hooks(config: TlsConfig | None) -> dict[str, list[Callable[[httpx.Request], Awaitable[None]]]]:
    """Hooks of a client that asks for, and checks, the certificate of `server_name` instead of that of the host.

    Behind a proxy it is that of the host all the same: httpcore looks at the name for its own connections alone.
    """
    if config is None or not config.server_name:
        return {}
    name = config.server_name

    async def ask_for(request: httpx.Request) -> None:
        request.extensions["sni_hostname"] = name

    return {"request": [ask_for]}


async def authorization_header(access: Access) -> str:
    """The Authorization header; empty when there is none. Files are read anew, since tokens are rotated in place.

    Raises ConfigurationError when a file can't be read.
    """
    if access.basic_auth:
        basic = access.basic_auth
        user = basic.username or (_secret(basic.username_file) if basic.username_file else "")
        password = basic.password or (_secret(basic.password_file) if basic.password_file else "")
        request = next(httpx.BasicAuth(user, password).auth_flow(httpx.Request("GET", "http://localhost")))
        return request.headers["Authorization"]
    if access.authorization:
        given = access.authorization
        secret = given.credentials or (_secret(given.credentials_file) if given.credentials_file else "")
        return f"{given.type} {secret}"
    token = access.bearer_token or (_secret(access.bearer_token_file) if access.bearer_token_file else "")
    return f"Bearer {token}" if token else ""


def tls_context(config: TlsConfig | None) -> ssl.SSLContext:
    """The context of a client; raises ConfigurationError for certificates that can't be read."""
    if config is None:
        return ssl.create_default_context()
    _check_files(config)
    try:
        context = ssl.create_default_context(cafile=config.ca_file or None, cadata=config.ca or None)
        if config.cert_file:
            context.load_cert_chain(config.cert_file, config.key_file or None)
    except OSError as error:
        raise ConfigurationError(f"tls_config: can't use the certificates: {error}") from None
    if config.cert:
        raise ConfigurationError("tls_config: write the client certificate to a file and name it as cert_file")
    if config.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if config.min_version:
        context.minimum_version = _VERSIONS[config.min_version]
    if config.max_version:
        context.maximum_version = _VERSIONS[config.max_version]
    return context


def server_tls_context(config: TlsConfig) -> ssl.SSLContext:
    """The context of a listener; with a CA, clients need a certificate of it. Raises ConfigurationError."""
    _check_files(config)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(config.cert_file, config.key_file or None)
        if config.ca_file:
            context.load_verify_locations(config.ca_file)
            context.verify_mode = ssl.CERT_REQUIRED
    except OSError as error:
        raise ConfigurationError(f"tls_config: can't use the certificates: {error}") from None
    return context


def _check_files(config: TlsConfig) -> None:
    """OpenSSL's own errors don't say which file they are about."""
    for name, path in (("ca_file", config.ca_file), ("cert_file", config.cert_file), ("key_file", config.key_file)):
        if path:
            try:
                Path(path).read_bytes()
            except OSError as error:
                raise ConfigurationError(f"tls_config.{name}: can't read {path}: {error.strerror}") from None


def _secret(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigurationError(f"can't read the secret in {path}: {error.strerror}") from None
