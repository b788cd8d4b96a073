"""What an operator says about who may do what, and the door that comes of it."""

from dataclasses import dataclass
from pathlib import Path

from sigyn.api.access.door import Access
from sigyn.model.errors import BadRequest
from sigyn.model.time import HOUR, SECOND, Clock, system_clock
from sigyn.services.access.audit import AuditLog
from sigyn.services.access.authenticator import Authenticator
from sigyn.services.access.identity import Grants
from sigyn.services.access.oidc import OidcProvider, OidcSettings
from sigyn.services.access.passwords import Passwords
from sigyn.services.access.sessions import Sessions
from sigyn.services.access.tokens import Tokens

BASIC, TOKEN, OIDC, CERTIFICATE, NONE = "basic", "token", "oidc", "certificate", "none"
WAYS = (NONE, BASIC, TOKEN, OIDC, CERTIFICATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessPlan:
    """Ways in, and where their files are. Times are ns.

    ways          some of WAYS; none: anybody may do everything
    only_user     of the password file; empty: every user in it
    session_key   file with the key of sessions, which is made at the first start
    open_paths    paths that need no identity
    """

    ways: tuple[str, ...] = (NONE,)
    password_file: str = ""
    only_user: str = ""
    token_file: Path = Path("tokens.json")
    session_key: Path = Path("session.key")
    session_time: int = 12 * HOUR
    grants: Grants = Grants()
    oidc: OidcSettings | None = None
    external_url: str = ""
    open_paths: tuple[str, ...] = ("/ready", "/metrics")
    audit_file: str = ""
    audit_log: bool = False

    def check(self, *, verified_certificates: bool) -> None:
        """Raises BadRequest for a plan that would let nobody in, or everybody by mistake."""
        for way in self.ways:
            if way not in WAYS:
                raise BadRequest(f"auth.type: `{way}` is no way to prove who asks: write some of {', '.join(WAYS)}")
        if self.grants.by_name and not {BASIC, TOKEN, OIDC, CERTIFICATE} & set(self.ways):
            raise BadRequest(
                "auth.grants says who may do what, but auth.type is none: nobody would be asked who they are, and "
                "anybody could do everything; name ways to prove it in auth.type, or leave auth.grants out"
            )
        if BASIC in self.ways and not self.password_file:
            raise BadRequest("auth.type is basic, but auth.password_file names no file: make one by htpasswd -B")
        if OIDC in self.ways:
            if self.oidc is None or not self.oidc.issuer or not self.oidc.client_id:
                raise BadRequest("auth.type is oidc: it needs auth.oidc_issuer and auth.oidc_client_id")
            if not self.grants.by_name:
                raise BadRequest(
                    "auth.type is oidc, but auth.grants is empty: anybody with an account at the provider could do "
                    "everything; name people, ann@example.org=all, or let everybody read, *=read"
                )
        if CERTIFICATE in self.ways and not verified_certificates:
            raise BadRequest(
                "auth.type is certificate: it needs server.tls_client_ca_file and server.tls_client_certificates"
            )

    def open(self, clock: Clock = system_clock) -> Access:
        """The door; raises Unavailable for files that can't be read."""
        ways = self.ways
        return Access(
            authenticator=Authenticator(
                passwords=Passwords(Path(self.password_file), self.only_user) if BASIC in ways else None,
                tokens=Tokens(self.token_file) if TOKEN in ways else None,
                sessions=Sessions.with_key_file(self.session_key) if {BASIC, TOKEN, OIDC} & set(ways) else None,
                certificates=CERTIFICATE in ways,
                oidc=OIDC in ways,
                grants=self.grants,
                clock=clock,
            ),
            open_paths=frozenset(self.open_paths),
            audit=AuditLog(Path(self.audit_file) if self.audit_file else None, to_log=self.audit_log),
            oidc=OidcProvider(self.oidc) if OIDC in ways and self.oidc else None,
            external_url=self.external_url,
            session_seconds=self.session_time // SECOND,
        )
