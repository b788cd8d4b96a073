"""What `sigyn store restore` looks for, and how it says what it found."""

from collections.abc import Sequence

import click

from sigyn.cli.problems import show_info
from sigyn.cli.tables import show_table
from sigyn.engine.interpreter.selectors import compile_selector
from sigyn.languages.logql import parse_selector
from sigyn.model.sizes import format_size
from sigyn.store.archives.ranges import Concerns, TierRestored, concerns_all
from sigyn.store.catalog import SegmentInfo
from sigyn.store.streams import StreamRegistry


def concerning(tenant: str, selector: str) -> Concerns:
    """Whether a segment of a tenant has a stream that a selector names; all do without one. Raises ParseError."""
    if not selector:
        return concerns_all
    matches = compile_selector(parse_selector(selector))

    def concerns(segment: SegmentInfo, streams: StreamRegistry) -> bool:
        return any(matches(streams.labels(tenant, id)) for id in segment.streams.ids.tolist())

    return concerns


def show_restored(restored: Sequence[TierRestored]) -> None:
    """A table of the tiers, and what there is to say about each."""
    rows = [
        (tier.tier, what, f"{count}", format_size(size))
        for tier in restored
        for what, count, size in (
            ("archived", tier.archived, tier.archived_bytes),
            ("asked to be restored", tier.asked, tier.asked_bytes),
            ("being restored", tier.restoring, tier.restoring_bytes),
            ("readable", tier.readable, tier.readable_bytes),
            ("failed", tier.failed, tier.failed_bytes),
        )
        if count
    ]
    if not rows:
        click.echo("nothing of this time and these streams is in a tier that may be an archive")
        return
    show_table("", ("tier", "objects that are", "#objects", "#size"), rows)
    for tier in restored:
        speed = f"{tier.speed}, which takes {tier.takes} as a rule" if tier.takes else tier.speed
        if tier.archived:
            show_info(f"tier `{tier.tier}`: nothing was asked for; the speed would be {speed}")
        if tier.asked:
            show_info(f"tier `{tier.tier}`: the speed is {speed}; run this again to see how far it is")
        if tier.reason:
            show_info(f"tier `{tier.tier}`: {tier.reason}")
