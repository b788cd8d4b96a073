"""What is refused of pushes: many senders drop it and never say why, so the server's log does."""

import structlog

from sigyn.model.time import Clock
from sigyn.services.admission import Refusals
from sigyn.services.paced_warnings import PacedWarnings
from sigyn.services.redaction import RedactionRules, redacted_text

_log = structlog.get_logger("sigyn.ingest")
_LONGEST_MESSAGE = 500  # characters
_NO_RULES = RedactionRules()


class RefusalWatch:
    """Warns of them in the log, at most once a minute for a tenant and reason."""

    def __init__(self, clock: Clock) -> None:
        self._warnings = PacedWarnings(clock)

    def look(self, tenant: str, refusals: Refusals, rules: RedactionRules) -> None:
        """Warns of each reason that is due, with its message about the first of the entries."""
        for reason, refusal in refusals.by_reason.items():
            self.tell(tenant, reason, refusal.message, refusal.entries, rules)

    def tell(self, tenant: str, reason: str, message: str, lines: int, rules: RedactionRules = _NO_RULES) -> None:
        """Warns of lines that are refused for one reason; `rules` hide what a message quotes of a push."""
        if self._warnings.is_due(f"{reason} {tenant}"):
            told = redacted_text(message, rules)[:_LONGEST_MESSAGE]
            _log.warning("lines of a push are refused", tenant=tenant, reason=reason, lines=lines, error=told)
