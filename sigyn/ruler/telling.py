"""What an evaluation has to say, and to whom: Alertmanagers again and again, all others when something changes."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sigyn.model.labels import Labels
from sigyn.ruler.alert import ALERT_NAME, Alert
from sigyn.ruler.evaluation import valid_until
from sigyn.ruler.group_state import RuleState
from sigyn.ruler.history import Change
from sigyn.ruler.notify.message import Message, Notice, notice_of
from sigyn.ruler.rule import AlertingRule, GroupKey
from sigyn.ruler.settings import RulerSettings
from sigyn.ruler.template_functions import explore_url
from sigyn.ruler.templating import uses_logs


@dataclass(frozen=True, slots=True)
class Told:
    """Notices for Alertmanagers, messages for all others, and changes for the history."""

    notices: list[Notice] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    def put_off(self, late: int) -> "Told":
        """The same, told `late` ns after its time: what fires does so for as long from then on."""
        if late <= 0:
            return self
        notices = [each if each.resolved else replace(each, ends_at=each.ends_at + late) for each in self.notices]
        return replace(self, notices=notices)


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells of the alerts of a group; `interval` in ns."""

    key: GroupKey
    interval: int
    settings: RulerSettings

    def note(self, rule: AlertingRule, state: RuleState, at: int, told: Told) -> RuleState:
        """The state of a rule with what is told at `at` (ns) marked as told; `told` grows."""
        settings = self.settings
        expression = rule.expression
        link = explore_url(settings.external_url, settings.datasource_uid, expression.text, expression.over)
        until = valid_until(at, self.interval, settings.resend_delay)
        placed = uses_logs(rule.annotations)
        changed: list[Notice] = []
        alerts: list[Alert] = []
        for alert in state.alerts:
            notice = notice_of(alert, settings.external_labels, link, until, placed=placed)
            if alert.due(at, settings.resend_delay):
                told.notices.append(notice)
                alert = replace(alert, last_sent=at)
            if alert.changed():
                changed.append(notice)
                alert = replace(alert, told="firing" if alert.state == "firing" else "resolved")
            alerts.append(alert)
        self._say(rule.name, changed, told)
        return replace(state, alerts=tuple(alerts))

    def end(self, alerts: Sequence[Alert], at: int, told: Told) -> None:
        """Tells that alerts are over because there is nothing any more that could find them; `told` grows."""
        over = [replace(alert, state="inactive", resolved_at=at) for alert in alerts if alert.state == "firing"]
        notices = [notice_of(alert, self.settings.external_labels, "", at, placed=True) for alert in over]
        told.notices.extend(notices)
        changed = [notice for alert, notice in zip(over, notices, strict=True) if alert.told == "firing"]
        for name in dict.fromkeys(_name(notice.labels) for notice in changed):
            self._say(name, [notice for notice in changed if _name(notice.labels) == name], told)

    def _say(self, rule: str, changed: Sequence[Notice], told: Told) -> None:
        if changed:
            message = Message(self.key.tenant, str(self.key), rule, self.settings.external_url, tuple(changed))
            told.messages.append(message)


def _name(labels: Labels) -> str:
    return dict(labels).get(ALERT_NAME, "")
