"""Settings of who may do what, and of the record of what they did."""

from dataclasses import dataclass
from pathlib import Path

from sigyn.config.declaration import setting
from sigyn.config.values import DURATION, FILE, FLAG, NAMES, SECRET, TEXT
from sigyn.model.time import HOUR


@dataclass(frozen=True, slots=True)
class AuthSettings:
    """Who may do what. See security.md."""

    type: tuple[str, ...] = setting(
        ("none",),
        NAMES,
        "How a request proves who asks: `basic` (users of password_file), `token` (made by `sigyn auth add-token`), "
        "`oidc` (a login at a provider, for people), `certificate` (mutual TLS), several with commas. `none`: anybody "
        "may do everything, which only an address like 127.0.0.1 makes safe.",
        "auth.type",
    )
    password_file: str = setting(
        "",
        FILE,
        "Users and bcrypt hashes, as `htpasswd -B` writes them. Read again when it changes.",
        "auth.basic_auth.password_file",
        "auth.basic_auth.htpasswd_file",
    )
    basic_username: str = setting(
        "", TEXT, "The one user of password_file who may come in. Empty: all of them.", "auth.basic_auth.username"
    )
    token_file: str = setting(
        "", FILE, "Where tokens are kept, as hashes. Empty: tokens.json in `storage.data`. Read again when it changes."
    )
    grants: str = setting(
        "",
        TEXT,
        "What users, people and certificates may do: `grafana=read; promtail=push@team-a+team-b; ann@example.org=all; "
        "*=read`. Scopes are push, read, rules, delete and admin; `@` names tenants, `*` whoever is not named. Empty: "
        "who is known may do everything.",
    )
    open_paths: tuple[str, ...] = setting(
        ("/ready", "/metrics"), NAMES, "Paths that anybody may ask for, as probes and Prometheus expect of Loki."
    )
    oidc_issuer: str = setting("", TEXT, "URL of the OpenID provider; the rest is found by its discovery document.")
    oidc_client_id: str = setting("", TEXT, "What the provider calls this server.")
    oidc_client_secret: str = setting("", SECRET, "Secret of the client. Empty: the provider knows it as public.")
    oidc_scopes: tuple[str, ...] = setting(("openid", "email", "profile"), NAMES, "What the provider is asked for.")
    oidc_name_claims: tuple[str, ...] = setting(
        ("email", "preferred_username", "sub"), NAMES, "Claims that name a person, for `grants`: the first there is."
    )
    external_url: str = setting(
        "", TEXT, "How browsers reach this server, https://logs.example.org. Empty: as each request says."
    )
    session_time: int = setting(12 * HOUR, DURATION, "How long a login lasts.")


def token_file(auth: AuthSettings, data: str) -> Path:
    """Where tokens are kept, for a server with this data folder."""
    return Path(auth.token_file or Path(data) / "tokens.json")


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """The record of who asked for what and deleted what; pushes are not in it, unless they were refused."""

    file: str = setting("", FILE, "File that gets a line of JSON for each request. Empty: none.")
    log: bool = setting(False, FLAG, "Tell the server's own log as well.")
