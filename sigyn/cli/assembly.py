"""From what a person sets to what each part of the server takes."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from sigyn.api.access.plan import AccessPlan
from sigyn.api.server import ServerSettings
from sigyn.api.settings import ApiSettings
from sigyn.api.tenant_settings import TenantSettings
from sigyn.api.tls import TlsFiles
from sigyn.cli.memory import memory_of, within_memory
from sigyn.config import ruler_settings as config
from sigyn.config.access_settings import token_file
from sigyn.config.settings import RetentionSettings, Settings, settings_of
from sigyn.config.show import show_settings
from sigyn.config.storage_settings import StorageSettings
from sigyn.config.tenant_overrides import parse_tenant_overrides
from sigyn.model.errors import BadRequest
from sigyn.ruler.settings import HttpAccess, MailSettings, RulerSettings
from sigyn.services.access.identity import read_grants
from sigyn.services.access.oidc import OidcSettings
from sigyn.services.deletes import DeleteRules
from sigyn.services.label_watch import DemotionRules
from sigyn.services.push_limits import PushLimits
from sigyn.services.query_limits import QueryLimits
from sigyn.services.redaction import RedactionRules, compile_rules, read_expressions
from sigyn.services.retention import RetentionPeriods, SelectedPeriod, TenantRetention
from sigyn.services.watched_file import WatchedFile
from sigyn.store.folders import disk_space
from sigyn.store.retention import RetentionRules
from sigyn.store.settings import ObjectStoreSettings, StoreSettings, TierSettings

_MEGABYTE = 1 << 20


def server_settings(settings: Settings) -> ServerSettings:
    """The settings of a server."""
    server, query = settings.server, settings.query
    overrides = settings.limits.per_tenant_override_config
    told = ServerSettings(
        store=replace(store_settings(settings.storage), **_delete_settings(settings)),
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
        access=access_plan(settings),
        graceful_shutdown_timeout=server.graceful_shutdown_timeout,
        query_threads=query.threads,
        max_concurrent=query.max_concurrent,
        max_query_parallelism=query.max_query_parallelism,
        max_outstanding_per_tenant=query.max_outstanding_per_tenant,
        cache_results=query.cache_results,
        results_cache=query.results_cache,
        results_cache_bytes=round(query.results_cache_max_size_mb * _MEGABYTE),
        query_memory_bytes=query.memory_bytes,
        configuration=show_settings(settings),
        api=_api_settings(settings),
        push=_push_limits(settings),
        query=_query_limits(settings),
        tenants=OverridesFile(Path(overrides), settings) if overrides else None,
        deletes=DeleteRules(
            enabled=settings.deletes.mode != "disabled",
            cancel_period=settings.deletes.cancel_period,
        ),
        retention=retention_rules(settings),
        ruler=ruler_settings(settings.ruler),
    )
    return within_memory(told, memory_of(settings))


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


def retention_rules(settings: Settings) -> RetentionRules:
    """What a store with these settings may keep. Raises BadRequest for a selector that can't be read."""
    rules = settings.retention
    own = {tenant: settings_of(settings, tenant).retention for tenant in settings.tenants}
    return RetentionRules(
        periods=RetentionPeriods(_tenant_retention(rules), {name: _tenant_retention(own[name]) for name in own}),
        delete_delay=rules.delete_delay,
        max_bytes=rules.max_bytes,
        max_tenant_bytes=rules.max_tenant_bytes,
        own_bytes={name: own[name].max_tenant_bytes for name in own},
        min_free=rules.min_free.bytes,
        min_free_share=rules.min_free.share,
        disk=None if settings.storage.objects else partial(disk_space, Path(settings.storage.data)),
    )


def _tenant_retention(retention: RetentionSettings) -> TenantRetention:
    if not retention.enabled:
        return TenantRetention()
    selected = (SelectedPeriod(each.selector, each.period, each.priority) for each in retention.streams)
    return TenantRetention(retention.period, tuple(selected))


def _delete_settings(settings: Settings) -> dict[str, Any]:
    return {
        "delete_cancel_period": settings.deletes.cancel_period,
        "delete_filter_only": settings.deletes.mode == "filter-only",
        "delete_max_unprocessed": settings.deletes.max_unprocessed,
    }


@dataclass(frozen=True, slots=True)
class OverridesFile:
    """Settings that tenants have of their own, from a file that is read again when it changes."""

    path: Path
    settings: Settings

    def open(self) -> Callable[[], Mapping[str, TenantSettings]]:
        """What gives them, by tenant; raises Unavailable."""
        return WatchedFile(self.path, self._read).get

    def _read(self, text: str) -> Mapping[str, TenantSettings]:
        read = parse_tenant_overrides(text, str(self.path), os.environ)
        changed = replace(self.settings, tenants=read.tenants)
        return {tenant: _tenant_settings(settings_of(changed, tenant)) for tenant in read.tenants}


def _tenant_settings(settings: Settings) -> TenantSettings:
    return TenantSettings(_push_limits(settings), _query_limits(settings), _api_settings(settings))


def _query_limits(settings: Settings) -> QueryLimits:
    query = settings.query
    return QueryLimits(
        max_query_series=query.max_query_series,
        max_query_length=0,  # the API cuts longer ranges and says so
        max_query_range=query.max_query_range,
        max_query_bytes_read=query.max_query_bytes_read,
        query_timeout=query.query_timeout,
        strict_errors=query.strict_errors,
        extensions=query.extensions,
        require_non_empty_matcher=query.require_non_empty_matcher,
        max_cache_freshness_per_query=query.max_cache_freshness_per_query,
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


def _redaction_rules(settings: Settings) -> RedactionRules:
    redaction = settings.redaction
    rules = RedactionRules(redaction.patterns, read_expressions(redaction.rules), redaction.hash_key)
    compile_rules(rules)  # a broken rule stops the server at its start, and not pushes later
    return rules


def store_settings(storage: StorageSettings) -> StoreSettings:
    """The settings of a store."""
    return StoreSettings(
        data=Path(storage.data),
        catalog=storage.catalog,
        objects=_object_store_settings(storage, storage.objects) if storage.objects else None,
        tiers=tuple(
            TierSettings(
                name=tier.name,
                after=tier.after,
                objects=_object_store_settings(storage, tier.url, tier.storage_class),
            )
            for tier in storage.tiers
        ),
        cache_bytes=storage.cache_bytes,
        max_waiting_bytes=storage.max_waiting_bytes,
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


def _api_settings(settings: Settings) -> ApiSettings:
    query = settings.query
    return ApiSettings(
        auth_enabled=settings.server.auth_enabled,
        max_push_bytes=settings.server.max_push_bytes,
        body_timeout=settings.server.body_timeout,
        multi_tenant_queries=query.multi_tenant_queries_enabled,
        max_entries_limit_per_query=query.max_entries_limit_per_query,
        max_query_length=query.max_query_length,
        max_query_lookback=query.max_query_lookback,
        max_query_series=query.max_query_series,
        query_timeout=query.query_timeout,
        instant_lookback=query.instant_lookback,
        tail_duration=query.tail_max_duration,
        max_tails=query.max_concurrent_tail_requests,
        retention_period=settings.retention.period if settings.retention.enabled else 0,
    )


def _push_limits(settings: Settings) -> PushLimits:
    limits = settings.limits
    return PushLimits(
        max_label_names_per_series=limits.max_label_names_per_series,
        max_label_name_length=limits.max_label_name_length,
        max_label_value_length=limits.max_label_value_length,
        max_line_size=limits.max_line_size,
        max_line_size_truncate=limits.max_line_size_truncate,
        reject_old_samples=limits.reject_old_samples,
        reject_old_samples_max_age=limits.reject_old_samples_max_age,
        creation_grace_period=limits.creation_grace_period,
        allow_structured_metadata=limits.allow_structured_metadata,
        max_structured_metadata_size=limits.max_structured_metadata_size,
        max_structured_metadata_entries_count=limits.max_structured_metadata_entries_count,
        ingestion_rate=round(limits.ingestion_rate_mb * _MEGABYTE),
        ingestion_rate_lines=limits.ingestion_rate_lines,
        per_stream_rate_limit=limits.per_stream_rate_limit,
        per_stream_rate_limit_burst=limits.per_stream_rate_limit_burst,
        redaction=_redaction_rules(settings),
        ingestion_burst_size=round(limits.ingestion_burst_size_mb * _MEGABYTE),
        discover_service_name=limits.discover_service_name,
        discover_log_levels=limits.discover_log_levels,
        log_level_fields=limits.log_level_fields,
        log_level_from_json_max_depth=limits.log_level_from_json_max_depth,
        max_streams=min(filter(None, (limits.max_streams_per_user, limits.max_global_streams_per_user)), default=0),
        demotion=DemotionRules(
            enabled=limits.demote_labels,
            id_labels=limits.demote_id_labels,
            id_values=limits.demote_id_values,
            values=limits.demote_values,
            window=limits.demote_window,
            kept=limits.keep_labels,
        ),
    )
