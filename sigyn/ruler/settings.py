"""What the ruler is told. Times are ns."""

from dataclasses import dataclass, field
from pathlib import Path

from sigyn.languages.relabel import RelabelRule
from sigyn.model.errors import BadRequest
from sigyn.model.labels import Labels
from sigyn.model.time import DAY, HOUR, MINUTE, SECOND
from sigyn.store.objects import check_objects
from sigyn.store.settings import ObjectStoreSettings


@dataclass(frozen=True, slots=True)
class HttpAccess:
    """How a server that the ruler sends to is reached.

    username, password   for basic authentication
    bearer_token         in place of those
    ca_file              certificates (PEM) that its own is checked against; empty: the system's
    cert_file, key_file  our certificate and key (PEM), for servers that ask for one
    skip_verify          take any certificate
    """

    username: str = ""
    password: str = ""
    bearer_token: str = ""
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    skip_verify: bool = False


@dataclass(frozen=True, slots=True)
class MailSettings:
    """How mail is sent; nothing is, without `to`.

    server    host:port of an SMTP server
    security  `starttls`, `tls` or `none`
    """

    server: str = ""
    sender: str = ""
    to: tuple[str, ...] = ()
    username: str = ""
    password: str = ""
    security: str = "starttls"


@dataclass(frozen=True, slots=True, kw_only=True)
class RulerSettings:
    """The ruler.

    rules_directory     folder with rule files, by tenant; None: rules come from the API alone
    rules_bucket        bucket with them, in place of that
    enable_api          whether the API may change rules
    evaluation_interval of groups that have no interval of their own
    evaluation_delay    how far back from its time an evaluation looks, for lines that come late
    poll_interval       how often the folder is looked at
    resend_delay        how often Alertmanagers hear of an alert that goes on firing
    outage_tolerance    after a longer outage alerts begin anew
    catch_up            evaluations of recording rules that are made up for after an outage, per group
    external_url        of Grafana, for links
    datasource_uid      of the data source in Grafana that shows this server's logs
    external_labels     added to every alert and recorded series that leaves
    alert_relabel       steps that change the labels of alerts on their way to Alertmanagers, or drop alerts
    alert_lines         log lines that an alert carries
    series_retention    how long recorded series are kept
    history_retention   how long changes of alerts are kept
    remote_write        URLs that recorded series are written to
    """

    rules_directory: Path | None = None
    rules_bucket: ObjectStoreSettings | None = None
    enable_api: bool = True
    evaluation_interval: int = MINUTE
    evaluation_delay: int = 0
    poll_interval: int = 10 * SECOND
    resend_delay: int = MINUTE
    outage_tolerance: int = HOUR
    catch_up: int = 60
    external_url: str = ""
    datasource_uid: str = ""
    external_labels: Labels = ()
    alert_relabel: tuple[RelabelRule, ...] = ()
    alert_lines: int = 5
    series_retention: int = 30 * DAY
    history_retention: int = 30 * DAY
    alertmanagers: tuple[str, ...] = ()
    alertmanager_access: HttpAccess = field(default_factory=HttpAccess)
    notification_queue_capacity: int = 10_000
    notification_timeout: int = 10 * SECOND
    webhooks: tuple[str, ...] = ()
    slack_webhook: str = ""
    mail: MailSettings = field(default_factory=MailSettings)
    remote_write: tuple[str, ...] = ()
    remote_write_access: HttpAccess = field(default_factory=HttpAccess)
    remote_write_tenant_header: bool = True

    def check(self) -> None:
        """Raises BadRequest for rules that are nowhere, or in two places; nothing is asked of a bucket."""
        if self.rules_directory is not None and self.rules_bucket is not None:
            raise BadRequest("rules are in a folder or in a bucket: set ruler.rules_directory or ruler.rules_bucket")
        if self.rules_bucket is not None:
            check_objects(self.rules_bucket)
