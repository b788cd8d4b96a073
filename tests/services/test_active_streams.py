"""What is known of tenants' streams does not grow with names that were used once."""

from sigyn.services.active_streams import IDLE, ActiveStreams

STREAM = (("app", "shop"),)
OTHER = (("app", "other"),)


def test_tenants_whose_streams_are_all_idle_are_forgotten() -> None:
    active = ActiveStreams()
    for number in range(100):
        assert active.over_limit(f"invented-{number}", [STREAM], 1, now=0) == ()
    assert active.over_limit("used", [STREAM], 1, now=IDLE - 1) == ()
    assert len(active) == 101
    assert active.over_limit("used", [OTHER], 1, now=IDLE) == (0,)
    assert len(active) == 1


def test_of_more_tenants_than_are_kept_who_pushed_the_longest_ago_begins_anew() -> None:
    active = ActiveStreams(most_tenants=2)
    for now, tenant in enumerate(("quiet", "busy", "invented", "busy")):
        assert active.over_limit(tenant, [STREAM], 1, now) == ()
    assert active.over_limit("busy", [OTHER], 1, now=4) == (0,)
    assert active.over_limit("quiet", [OTHER], 1, now=5) == ()


def test_a_clock_that_is_set_back_forgets_nobody() -> None:
    active = ActiveStreams()
    active.over_limit("a", [STREAM], 1, now=2 * IDLE)
    active.over_limit("b", [STREAM], 1, now=0)
    assert active.over_limit("a", [OTHER], 1, now=1) == (0,)
    assert active.over_limit("b", [OTHER], 1, now=1) == (0,)
