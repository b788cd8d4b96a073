"""Query statistics in the shape that Grafana and logcli show."""

from sigyn.model.results import QueryStatistics


def loki_statistics(statistics: QueryStatistics) -> dict[str, object]:
    """Loki's tree of statistics.

    Segments stand where Loki has chunks: read from the object store, decompressed, and pruned
    away by the catalog (`totalChunksRef` minus `totalChunksDownloaded`).
    """
    seconds = statistics.seconds
    summary = {
        "bytesProcessedPerSecond": _rate(statistics.bytes_read, seconds),
        "linesProcessedPerSecond": _rate(statistics.lines_read, seconds),
        "totalBytesProcessed": statistics.bytes_read,
        "totalLinesProcessed": statistics.lines_read,
        "execTime": seconds,
        "queueTime": statistics.queue_seconds,
        "subqueries": 0,
        "totalEntriesReturned": statistics.entries_returned,
        "splits": 0,
        "shards": 0,
        "totalPostFilterLines": statistics.entries_returned,
        "totalStructuredMetadataBytesProcessed": 0,
    }
    store = {
        "totalChunksRef": statistics.segments_total,
        "totalChunksDownloaded": statistics.segments_read,
        "chunksDownloadTime": 0,
        "queryReferencedStructuredMetadata": False,
        "chunk": {
            "headChunkBytes": 0,
            "headChunkLines": 0,
            "decompressedBytes": statistics.bytes_read,
            "decompressedLines": statistics.lines_read,
            "compressedBytes": 0,
            "totalDuplicates": 0,
            "postFilterLines": statistics.entries_returned,
            "headChunkStructuredMetadataBytes": 0,
            "decompressedStructuredMetadataBytes": 0,
        },
    }
    ingester = {
        "totalReached": 0,
        "totalChunksMatched": 0,
        "totalBatches": 0,
        "totalLinesSent": 0,
        "store": _NOTHING_STORED,
    }
    cache = dict.fromkeys(_CACHES, _NOTHING_CACHED) | {"result": _pieces(statistics)}
    return {"summary": summary, "querier": {"store": store}, "ingester": ingester, "cache": cache}


def _pieces(statistics: QueryStatistics) -> dict[str, object]:
    """Pieces of answers stand where Loki has answers to parts of a range."""
    return _NOTHING_CACHED | {
        "entriesFound": statistics.pieces_found,
        "entriesRequested": statistics.pieces_requested,
        "entriesStored": statistics.pieces_stored,
        "requests": int(statistics.pieces_requested > 0),
        "queryLengthServed": statistics.nanoseconds_from_cache,
    }


_CACHES = (
    "chunk",
    "index",
    "result",
    "statsResult",
    "volumeResult",
    "seriesResult",
    "labelResult",
    "instantMetricResult",
)

_NOTHING_CACHED: dict[str, object] = {
    "entriesFound": 0,
    "entriesRequested": 0,
    "entriesStored": 0,
    "bytesReceived": 0,
    "bytesSent": 0,
    "requests": 0,
    "downloadTime": 0,
    "queryLengthServed": 0,
}


_NOTHING_STORED: dict[str, object] = {
    "totalChunksRef": 0,
    "totalChunksDownloaded": 0,
    "chunksDownloadTime": 0,
    "queryReferencedStructuredMetadata": False,
    "chunk": {
        "headChunkBytes": 0,
        "headChunkLines": 0,
        "decompressedBytes": 0,
        "decompressedLines": 0,
        "compressedBytes": 0,
        "totalDuplicates": 0,
        "postFilterLines": 0,
        "headChunkStructuredMetadataBytes": 0,
        "decompressedStructuredMetadataBytes": 0,
    },
}


def _rate(amount: int, seconds: float) -> int:
    return round(amount / seconds) if seconds > 0 else 0
