"""Every stage there is, by the name that configurations use."""

from collections.abc import Mapping
from typing import Final

from sigyn.agent.stages import (
    cri_stage,
    decolorize_stage,
    docker_stage,
    drop_stage,
    eventlogmessage_stage,
    geoip_stage,
    json_stage,
    label_choice,
    labels_stage,
    limit_stage,
    logfmt_stage,
    match_stage,
    metrics_stage,
    multiline_stage,
    output_stage,
    pack_stage,
    redact_stage,
    regex_stage,
    replace_stage,
    sampling_stage,
    static_labels,
    structured_metadata,
    template_stage,
    tenant_stage,
    timestamp_stage,
)
from sigyn.agent.stages.stage import StageKind

KINDS: Final[Mapping[str, StageKind]] = {
    kind.name: kind
    for kind in (
        cri_stage.KIND,
        decolorize_stage.KIND,
        docker_stage.KIND,
        drop_stage.KIND,
        eventlogmessage_stage.KIND,
        geoip_stage.KIND,
        json_stage.KIND,
        label_choice.ALLOW,
        label_choice.DROP,
        labels_stage.KIND,
        limit_stage.KIND,
        logfmt_stage.KIND,
        match_stage.KIND,
        metrics_stage.KIND,
        multiline_stage.KIND,
        output_stage.KIND,
        pack_stage.KIND,
        redact_stage.KIND,
        regex_stage.KIND,
        replace_stage.KIND,
        sampling_stage.KIND,
        static_labels.KIND,
        structured_metadata.KIND,
        structured_metadata.OLD_KIND,
        template_stage.KIND,
        tenant_stage.KIND,
        timestamp_stage.KIND,
    )
}
