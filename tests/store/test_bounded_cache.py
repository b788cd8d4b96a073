from hypothesis import given
from hypothesis import strategies as st

from sigyn.store.bounded_cache import BoundedCache

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 5), st.integers(0, 12)),
        st.tuples(st.just("get"), st.integers(0, 5), st.just(0)),
        st.tuples(st.just("forget"), st.integers(0, 5), st.just(0)),
    )
)


@given(STEPS)
def test_holds_what_was_asked_for_last_as_far_as_it_fits(steps: list[tuple[str, int, int]]) -> None:
    cache: BoundedCache[int, int] = BoundedCache(10, lambda size: size)
    newest_last: list[tuple[int, int]] = []
    for step, key, size in steps:
        kept = dict(newest_last)
        if step == "get":
            assert cache.get(key) == kept.get(key)
            if key in kept:
                newest_last = [*((other, of) for other, of in newest_last if other != key), (key, kept[key])]
            continue
        newest_last = [(other, of) for other, of in newest_last if other != key]
        if step == "forget":
            cache.forget([key])
            continue
        cache.put(key, size)
        if size <= 10:
            newest_last.append((key, size))
        while sum(of for _, of in newest_last) > 10:
            newest_last.pop(0)
    assert list(cache) == [key for key, _ in newest_last]
