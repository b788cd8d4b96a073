"""Who asks, and what they may do."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sigyn.model.errors import BadRequest, SigynError
from sigyn.model.tenants import check_tenant

PUSH, READ, RULES, DELETE, ADMIN = "push", "read", "rules", "delete", "admin"
SCOPES = (PUSH, READ, RULES, DELETE, ADMIN)
"""push: send entries. read: ask. rules: rules, boards, silences. delete: delete entries. admin: the server itself."""

EVERY_TENANT = "*"


class Unauthorized(SigynError):
    """Nobody who is known: the request has to prove who asks."""

    status = 401


class Forbidden(SigynError):
    """Somebody who is known, but may not do this."""

    status = 403


@dataclass(frozen=True, slots=True)
class Grant:
    """Scopes over tenants; `tenants` of `*` is every tenant."""

    scopes: frozenset[str]
    tenants: frozenset[str] = frozenset({EVERY_TENANT})


EVERYTHING = Grant(frozenset(SCOPES))


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks, how that was proved (`basic`, `token`, `oidc`, `certificate`, `none`), and what they may do."""

    name: str
    method: str
    grant: Grant

    def check_scope(self, scope: str) -> None:
        """Raises Forbidden when the scope is not theirs."""
        if scope not in self.grant.scopes:
            raise Forbidden(f"`{self.name}` may not do this: it needs the scope `{scope}`")

    def check_tenants(self, tenants: Iterable[str]) -> None:
        """Raises Forbidden when one of the tenants is not theirs."""
        if EVERY_TENANT in self.grant.tenants:
            return
        for tenant in tenants:
            if tenant not in self.grant.tenants:
                raise Forbidden(f"`{self.name}` may not do this for the tenant `{tenant}`")

    @property
    def only_tenant(self) -> str | None:
        """Their tenant when they have exactly one, so that they need not name it."""
        (tenant, *more) = self.grant.tenants or ("",)
        return tenant if tenant and tenant != EVERY_TENANT and not more else None


ANYBODY = Identity("anybody", "none", EVERYTHING)
"""Who asks while nobody has to prove anything."""


def read_grant(text: str) -> Grant:
    """`read+push@team-a+team-b`, `read` (every tenant), `all`. Raises ValueError."""
    scopes_text, separator, tenants_text = text.partition("@")
    scopes = _words(scopes_text)
    if scopes == ["all"]:
        scopes = list(SCOPES)
    for scope in scopes:
        if scope not in SCOPES:
            raise ValueError(f"`{scope}` is no scope: write some of {', '.join(SCOPES)}, or all")
    if not scopes:
        raise ValueError("write scopes, such as read+push@team-a")
    return Grant(frozenset(scopes), _tenants(tenants_text) if separator else frozenset({EVERY_TENANT}))


def _tenants(text: str) -> frozenset[str]:
    tenants = frozenset(_words(text))
    if not tenants:  # a template whose variable is empty leaves this: it may not open every tenant
        raise ValueError("`@` has no tenant behind it: write one, such as read@team-a, or no `@` for every tenant")
    for tenant in sorted(tenants - {EVERY_TENANT}):
        try:
            check_tenant(tenant)
        except BadRequest as error:
            raise ValueError(f"{error}; several tenants are written with plus signs, read@team-a+team-b") from None
    return tenants


def _words(text: str) -> list[str]:
    return [word for word in (part.strip() for part in text.split("+")) if word]


@dataclass(frozen=True, slots=True)
class Grants:
    """Grants by the names of users; `*` is for whoever has none of their own. Without any, all may do everything."""

    by_name: Sequence[tuple[str, Grant]] = ()

    def of(self, name: str) -> Grant:
        """What a user may do; raises Forbidden for one who may do nothing."""
        if not self.by_name:
            return EVERYTHING
        known = dict(self.by_name)
        grant = known.get(name) or known.get("*")
        if grant is None:
            raise Forbidden(f"`{name}` may do nothing here: auth.grants does not name them")
        return grant


def read_grants(text: str) -> Grants:
    """`grafana=read; promtail=push@team-a; *=read`; an empty text has none. Raises ValueError."""
    found: dict[str, Grant] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        name, separator, grant = part.partition("=")
        if not separator or not name.strip():
            raise ValueError("write who may do what, such as grafana=read; promtail=push@team-a; *=read")
        user = name.strip()
        if user in found:
            raise ValueError(f"`{user}` is there twice: write all that they may do once, {user}=read+push@team-a")
        found[user] = read_grant(grant)
    if text.strip() and not found:
        raise ValueError("it names nobody, and without grants whoever is known may do everything")
    return Grants(tuple(found.items()))
