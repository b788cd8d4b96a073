"""What can be set for the ruler. Names are Loki's wherever Loki has the setting."""

from dataclasses import dataclass

from sigyn.config.declaration import setting
from sigyn.config.structured_values import RELABEL_CONFIGS, RelabelConfig
from sigyn.config.values import (
    ADDRESS,
    BUCKET,
    COUNT,
    DURATION,
    ENDPOINT,
    FILE,
    FLAG,
    FOLDER,
    LABEL_PAIRS,
    NAMES,
    SECRET,
    SECRET_URL,
    SECRET_URLS,
    TEXT,
    URLS,
    above_zero,
    one_of,
)
from sigyn.model.time import DAY, HOUR, MINUTE, SECOND


@dataclass(frozen=True, slots=True)
class RulerSettings:
    """Alerting and recording rules: docs/rules.md."""

    rules_directory: str = setting(
        "",
        FOLDER,
        "Folder with rule files: `<tenant>/<file>.yaml`, or `<file>.yaml` for a server with one tenant. Empty: rules "
        "come through the API alone.",
        "ruler.storage.local.directory",
        "ruler_storage.local.directory",
        "common.storage.filesystem.rules_directory",
    )
    rules_bucket: str = setting(
        "",
        BUCKET,
        "Bucket with rule files in place of that folder, s3://bucket/rules: `<tenant>/<file>.yaml` below it.",
        "ruler.storage.s3",
        "ruler.storage.gcs",
        "ruler.storage.azure",
        "ruler_storage.s3",
    )
    rules_s3_endpoint: str = setting("", ENDPOINT, "URL of an S3-compatible service for it. Empty: that of `storage`.")
    rules_s3_region: str = setting("", TEXT, "Region of that bucket. Empty: that of `storage`.")
    rules_s3_access_key_id: str = setting("", TEXT, "Access key for it. Empty: that of `storage`.")
    rules_s3_secret_access_key: str = setting("", SECRET, "Secret of that access key.")
    poll_interval: int = setting(
        10 * SECOND,
        above_zero(DURATION),
        "How often the folder or bucket is looked at for changes.",
        "ruler.poll_interval",
    )
    max_rules_per_rule_group: int = setting(
        0,
        COUNT,
        "Rules of a group that comes through the API; 0: any number. A tenant may have its own limit.",
        "limits_config.ruler_max_rules_per_rule_group",
    )
    max_rule_groups_per_tenant: int = setting(
        0,
        COUNT,
        "Groups of a tenant, past which the API takes no more; 0: any number. A tenant may have its own limit.",
        "limits_config.ruler_max_rule_groups_per_tenant",
    )
    enable_api: bool = setting(True, FLAG, "Rules can be changed through the API.", "ruler.enable_api")
    evaluation_interval: int = setting(
        MINUTE,
        above_zero(DURATION),
        "Time between evaluations of groups that have no `interval` of their own.",
        "ruler.evaluation_interval",
    )
    evaluation_delay: int = setting(
        0,
        DURATION,
        "How far back from its time an evaluation looks, for lines that come late. A tenant may have its own.",
        "limits_config.ruler_evaluation_delay_duration",
    )
    for_outage_tolerance: int = setting(
        HOUR,
        DURATION,
        "After a longer outage alerts begin anew; after a shorter one `for` goes on counting.",
        "ruler.for_outage_tolerance",
    )
    catch_up: int = setting(
        60, COUNT, "Evaluations of recording rules that are made up for after an outage, for each group; 0: none."
    )
    series_retention: int = setting(30 * DAY, DURATION, "How long recorded series are kept.")
    history_retention: int = setting(
        30 * DAY,
        DURATION,
        "How long the history of alerts is kept, of which there are at most 50,000 changes for each tenant.",
    )
    external_url: str = setting("", TEXT, "URL of Grafana, for the links in alerts.", "ruler.external_url")
    datasource_uid: str = setting(
        "", TEXT, "Uid of the data source in Grafana that shows this server's logs.", "ruler.datasource_uid"
    )
    external_labels: tuple[tuple[str, str], ...] = setting(
        (),
        LABEL_PAIRS,
        "Labels added to every alert and to recorded series when they are sent.",
        "ruler.external_labels",
    )
    alert_relabel_configs: tuple[RelabelConfig, ...] = setting(
        (),
        RELABEL_CONFIGS,
        "Steps that change the labels of alerts on their way to Alertmanagers, or drop alerts, as in Prometheus.",
        "ruler.alert_relabel_configs",
    )
    alert_lines: int = setting(5, COUNT, "Log lines that an alert carries; 0: none.")
    alertmanager_url: tuple[str, ...] = setting(
        (), URLS, "URLs of Alertmanagers; each is told of everything.", "ruler.alertmanager_url"
    )
    alertmanager_username: str = setting(
        "", TEXT, "User for Alertmanagers that want one.", "ruler.alertmanager_client.basic_auth_username"
    )
    alertmanager_password: str = setting(
        "", SECRET, "Password of that user.", "ruler.alertmanager_client.basic_auth_password"
    )
    alertmanager_bearer_token: str = setting(
        "", SECRET, "Bearer token in place of those.", "ruler.alertmanager_client.credentials"
    )
    alertmanager_ca_file: str = setting(
        "",
        FILE,
        "Certificates (PEM) that those of Alertmanagers are checked against. Empty: the system's.",
        "ruler.alertmanager_client.tls_ca_path",
    )
    alertmanager_cert_file: str = setting(
        "",
        FILE,
        "Our certificate (PEM) for Alertmanagers that ask for one.",
        "ruler.alertmanager_client.tls_cert_path",
    )
    alertmanager_key_file: str = setting(
        "", FILE, "Private key (PEM) of that certificate.", "ruler.alertmanager_client.tls_key_path"
    )
    alertmanager_skip_verify: bool = setting(
        False, FLAG, "Take any certificate of an Alertmanager.", "ruler.alertmanager_client.tls_insecure_skip_verify"
    )
    resend_delay: int = setting(
        MINUTE,
        DURATION,
        "How often Alertmanagers hear of an alert that goes on firing.",
        "ruler.resend_delay",
    )
    notification_queue_capacity: int = setting(
        10_000,
        above_zero(COUNT),
        "Alerts (or messages) that wait for a receiver that is away; beyond that the oldest are dropped.",
        "ruler.notification_queue_capacity",
    )
    notification_timeout: int = setting(
        10 * SECOND, above_zero(DURATION), "How long a receiver may take to answer.", "ruler.notification_timeout"
    )
    webhook_url: tuple[str, ...] = setting(
        (),
        SECRET_URLS,
        "URLs that get JSON when an alert fires and when it is resolved, in the form of Alertmanager's webhooks.",
    )
    slack_webhook_url: str = setting("", SECRET_URL, "Incoming webhook of Slack that gets the same.")
    mail_to: tuple[str, ...] = setting((), NAMES, "Addresses that get the same by mail.")
    mail_from: str = setting("sigyn@localhost", TEXT, "Sender of those mails.")
    smtp_server: str = setting("127.0.0.1:25", ADDRESS, "Server that takes them.")
    smtp_username: str = setting("", TEXT, "User at that server.")
    smtp_password: str = setting("", SECRET, "Password of that user.")
    smtp_security: str = setting(
        "starttls", one_of("starttls", "tls", "none"), "How the connection to that server is encrypted."
    )
    remote_write_url: tuple[str, ...] = setting(
        (),
        URLS,
        "URLs that recorded series are written to by Prometheus' remote write.",
        "ruler.remote_write.client",
        "ruler.remote_write.clients",
    )
    remote_write_disabled: bool = setting(
        False,
        FLAG,
        "Write nothing there. A tenant may have its own; what it records meanwhile is not written later.",
        "limits_config.ruler_remote_write_disabled",
    )
    remote_write_username: str = setting("", TEXT, "User for those URLs.")
    remote_write_password: str = setting("", SECRET, "Password of that user.")
    remote_write_bearer_token: str = setting("", SECRET, "Bearer token in place of those.")
    remote_write_org_id_header: bool = setting(
        True,
        FLAG,
        "Writes name their tenant in X-Scope-OrgID.",
        "ruler.remote_write.add_org_id_header",
    )
