"""From what a person sets to what each part of the server takes."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from msgspec import structs

from sigyn.api.access.plan import AccessPlan
from sigyn.api.processes.supervisor import ProcessPlan
from sigyn.api.server import ServerSettings
from sigyn.api.tls import TlsFiles
from sigyn.cli.limits import api_settings, push_limits, query_limits, rule_limits
from sigyn.cli.memory import memory_of, within_memory
from sigyn.cli.overrides import OverridesFiles
from sigyn.cli.retention import tenant_retention
from sigyn.config import ruler_settings as config
from sigyn.config.access_settings import token_file
from sigyn.config.settings import Settings, settings_of
from sigyn.config.show import show_settings
from sigyn.config.storage_settings import StorageSettings
from sigyn.config.tenant_limits import show_limits
from sigyn.languages.relabel import RelabelRule
from sigyn.model.delete_modes import DeleteMode, DeleteModes
from sigyn.model.errors import BadRequest
from sigyn.ruler.settings import HttpAccess, MailSettings, RulerSettings
from sigyn.services.access.identity import read_grants
from sigyn.services.access.oidc import OidcSettings
from sigyn.services.deletes import DeleteRules
from sigyn.services.retention import RetentionPeriods, TenantRetention
from sigyn.store.folders import disk_space
from sigyn.store.retention import RetentionRules
from sigyn.store.settings import ObjectStoreSettings, RestoreRule, StoreSettings, TierSettings

_MEGABYTE = 1 << 20


def server_settings(settings: Settings) -> ServerSettings:
    """The settings of a server."""
    server, query = settings.server, settings.query
    overrides = settings.limits.per_tenant_override_config
    own = OverridesFiles([Path(name) for name in overrides], settings) if overrides else None
    told = ServerSettings(
        store=store_settings(settings),
        http=server.http,
        otlp_grpc=server.otlp_grpc,
        tls=TlsFiles(
            server.tls_cert_file, server.tls_key_file, server.tls_client_ca_file, server.tls_client_certificates
        ),
        grpc_tls=TlsFiles(
            server.grpc_tls_cert_file,
            server.grpc_tls_key_file,
            server.grpc_tls_client_ca_file,
            server.grpc_tls_client_certificates,
        ),
        header_timeout=server.header_timeout,
        answer_timeout=server.answer_timeout,
        access=access_plan(settings),
        graceful_shutdown_timeout=server.graceful_shutdown_timeout,
        query_threads=query.threads,
        max_concurrent=query.max_concurrent,
        cache_results=query.cache_results,
        results_cache=query.results_cache,
        results_cache_bytes=round(query.results_cache_max_size_mb * _MEGABYTE),
        query_memory_bytes=query.memory_bytes,
        processes=process_plan(settings),
        configuration=show_settings(settings),
        limits_of=lambda tenant: show_limits(own.settings.get(tenant, settings) if own else settings),
        api=api_settings(settings),
        push=push_limits(settings),
        query=query_limits(settings),
        tenants=own.limits if own else None,
        tenants_are_read=own.are_in_force if own else lambda: True,
        deletes=DeleteRules(
            modes=DeleteModes(settings.deletes.mode, own.delete_modes if own else {}),
            cancel_period=settings.deletes.cancel_period,
        ),
        retention=retention_rules(settings, own),
        ruler=replace(ruler_settings(settings.ruler), rules_bucket=_rule_bucket(settings)),
        rules=rule_limits(settings),
    )
    return within_memory(told, memory_of(settings))


def process_plan(settings: Settings) -> ProcessPlan:
    """The ingest processes of a server, which have its settings and stay within the memory that it found."""
    known = replace(settings, server=replace(settings.server, memory_bytes=memory_of(settings)))
    return ProcessPlan(settings.server.processes - 1, (sys.executable, "-m", "sigyn.cli.ingest_process"), known)


def ruler_settings(ruler: config.RulerSettings) -> RulerSettings:
    """The settings of the ruler."""
    return RulerSettings(
        rules_directory=Path(ruler.rules_directory) if ruler.rules_directory else None,
        enable_api=ruler.enable_api,
        evaluation_interval=ruler.evaluation_interval,
        evaluation_delay=ruler.evaluation_delay,
        poll_interval=ruler.poll_interval,
        resend_delay=ruler.resend_delay,
        outage_tolerance=ruler.for_outage_tolerance,
        catch_up=ruler.catch_up,
        external_url=ruler.external_url,
        datasource_uid=ruler.datasource_uid,
        external_labels=ruler.external_labels,
        alert_relabel=tuple(RelabelRule(**structs.asdict(each)) for each in ruler.alert_relabel_configs),
        alert_lines=ruler.alert_lines,
        series_retention=ruler.series_retention,
        history_retention=ruler.history_retention,
        alertmanagers=ruler.alertmanager_url,
        alertmanager_access=HttpAccess(
            username=ruler.alertmanager_username,
            password=ruler.alertmanager_password,
            bearer_token=ruler.alertmanager_bearer_token,
            ca_file=ruler.alertmanager_ca_file,
            cert_file=ruler.alertmanager_cert_file,
            key_file=ruler.alertmanager_key_file,
            skip_verify=ruler.alertmanager_skip_verify,
        ),
        notification_queue_capacity=ruler.notification_queue_capacity,
        notification_timeout=ruler.notification_timeout,
        webhooks=ruler.webhook_url,
        slack_webhook=ruler.slack_webhook_url,
        mail=MailSettings(
            server=ruler.smtp_server,
            sender=ruler.mail_from,
            to=ruler.mail_to,
            username=ruler.smtp_username,
            password=ruler.smtp_password,
            security=ruler.smtp_security,
        ),
        remote_write=ruler.remote_write_url,
        remote_write_access=HttpAccess(
            username=ruler.remote_write_username,
            password=ruler.remote_write_password,
            bearer_token=ruler.remote_write_bearer_token,
        ),
        remote_write_tenant_header=ruler.remote_write_org_id_header,
    )


def _rule_bucket(settings: Settings) -> ObjectStoreSettings | None:
    """Where the rules are, reached as the store is unless settings of its own say otherwise."""
    ruler = settings.ruler
    if not ruler.rules_bucket:
        return None
    common = _object_store_settings(settings.storage, ruler.rules_bucket)
    if not ruler.rules_bucket.startswith("s3"):
        return common
    return replace(
        common,
        endpoint=ruler.rules_s3_endpoint or common.endpoint,
        region=ruler.rules_s3_region or common.region,
        access_key_id=ruler.rules_s3_access_key_id or common.access_key_id,
        secret_access_key=ruler.rules_s3_secret_access_key or common.secret_access_key,
    )


def retention_rules(settings: Settings, own: OverridesFiles | None = None) -> RetentionRules:
    """What a store with these settings may keep; `own` follows what tenants have of their own."""
    rules = settings.retention
    periods: Mapping[str, TenantRetention]
    sizes: Mapping[str, int]
    delete_modes: Mapping[str, DeleteMode]
    if own is None:
        tenants = {tenant: settings_of(settings, tenant) for tenant in settings.tenants}
        periods = {name: tenant_retention(each.retention) for name, each in tenants.items()}
        sizes = {name: each.retention.max_tenant_bytes for name, each in tenants.items()}
        delete_modes = {name: each.deletes.mode for name, each in tenants.items()}
    else:
        periods, sizes, delete_modes = own.periods, own.sizes, own.delete_modes
    return RetentionRules(
        periods=RetentionPeriods(tenant_retention(rules), periods),
        delete_delay=rules.delete_delay,
        max_bytes=rules.max_bytes,
        max_tenant_bytes=rules.max_tenant_bytes,
        own_bytes=sizes,
        own_delete_modes=delete_modes,
        min_free=rules.min_free.bytes,
        min_free_share=rules.min_free.share,
        disk=None if settings.storage.objects else partial(disk_space, Path(settings.storage.data)),
    )


def access_plan(settings: Settings) -> AccessPlan:
    """Who may do what, as these settings say. Raises BadRequest for what can't work."""
    auth = settings.auth
    try:
        grants = read_grants(auth.grants)
    except ValueError as error:
        raise BadRequest(f"auth.grants is `{auth.grants}`: {error}") from None
    plan = AccessPlan(
        ways=auth.type,
        password_file=auth.password_file,
        only_user=auth.basic_username,
        token_file=token_file(auth, settings.storage.data),
        session_key=Path(settings.storage.data) / "session.key",
        session_time=auth.session_time,
        grants=grants,
        oidc=OidcSettings(
            auth.oidc_issuer, auth.oidc_client_id, auth.oidc_client_secret, auth.oidc_scopes, auth.oidc_name_claims
        ),
        external_url=auth.external_url,
        open_paths=auth.open_paths,
        audit_file=settings.audit.file,
        audit_log=settings.audit.log,
    )
    server = settings.server
    plan.check(verified_certificates=bool(server.tls_client_ca_file and server.tls_client_certificates != "none"))
    return plan


def store_settings(settings: Settings) -> StoreSettings:
    """The settings of a store, whoever opens it or looks at it."""
    storage, deletes = settings.storage, settings.deletes
    return StoreSettings(
        data=Path(storage.data),
        catalog=storage.catalog,
        objects=_object_store_settings(storage, storage.objects) if storage.objects else None,
        tiers=tuple(
            TierSettings(
                name=tier.name,
                after=tier.after,
                objects=_object_store_settings(storage, tier.url, tier.storage_class),
                restore=RestoreRule(tier.restore.speed, tier.restore.days) if tier.restore else None,
            )
            for tier in storage.tiers
        ),
        cache_bytes=storage.cache_bytes,
        max_waiting_bytes=storage.max_waiting_bytes,
        delete_cancel_period=deletes.cancel_period,
        delete_mode=deletes.mode,
        delete_max_unprocessed=deletes.max_unprocessed,
    )


def _object_store_settings(storage: StorageSettings, url: str, storage_class: str = "") -> ObjectStoreSettings:
    scheme = url.partition("://")[0]
    options = {
        "gs": {"service_account_key": storage.gcs_service_account},
        "az": {"account_name": storage.azure_account_name, "account_key": storage.azure_account_key},
    }.get(scheme, {})
    endpoint = {"gs": storage.gcs_endpoint, "az": storage.azure_endpoint}.get(scheme, storage.s3_endpoint)
    return ObjectStoreSettings(
        url=url,
        storage_class=storage_class,
        endpoint=endpoint or None,
        region=storage.s3_region or None,
        access_key_id=storage.s3_access_key_id or None,
        secret_access_key=storage.s3_secret_access_key or None,
        session_token=storage.s3_session_token or None,
        path_style=storage.s3_force_path_style,
        options={name: value for name, value in options.items() if value},
    )
