"""What `auth.grants` says, and what it may not say: a slip of the pen opens nothing."""

import re

import pytest

from sigyn.services.access.identity import Forbidden, Grant, read_grants


def test_grants_are_scopes_over_tenants() -> None:
    grants = read_grants("grafana=read; promtail = push+read@team-a + team-b; ann@example.org=all@*;")
    assert grants.of("grafana") == Grant(frozenset({"read"}), frozenset({"*"}))
    assert grants.of("promtail") == Grant(frozenset({"push", "read"}), frozenset({"team-a", "team-b"}))
    assert grants.of("ann@example.org").tenants == {"*"}
    with pytest.raises(Forbidden):
        grants.of("eve")


def test_without_grants_whoever_is_known_may_do_everything() -> None:
    assert read_grants("").of("anybody").scopes == {"push", "read", "rules", "delete", "admin"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("promtail=push@", "`@` has no tenant behind it: write one"),
        ("promtail=push@ + ", "`@` has no tenant behind it"),
        (" ; ", "it names nobody"),
        ("ann=read@a; ann=push@b", "`ann` is there twice"),
        ("ann=read@team-a,team-b", "contains unsupported character ','; several tenants are written with plus signs"),
        ("ann=read@a|b", "contains unsupported character '|'"),
        ("ann=read@..", "it must not be '.' or '..'"),
        ("ann=read@" + "x" * 151, "too long: 151 bytes"),
        ("ann=@team-a", "write scopes"),
    ],
)
def test_what_would_open_more_or_less_than_it_seems_to_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        read_grants(text)
