// Loki's API, as far as the page asks it.

import { anyOf, quote } from '../logql/quote'
import type { Entry, Labels, StreamsResult } from '../logs/entry'
import { entriesOf } from '../logs/entry'
import type { Range } from '../time/range'
import { askJson, type Parameters } from './http'

export interface Series {
  labels: Labels
  /** moments in ms, and values; null is a gap, and so is a step without a moment */
  times: number[]
  values: (number | null)[]
  /** ms from one moment to the next where nothing is missing */
  step?: number
}

export interface TableColumn {
  name: string
  type: 'text' | 'number' | 'time' | 'list'
}

export type Cell = string | number | string[] | null

export interface Table {
  columns: TableColumn[]
  rows: Cell[][]
}

export type QueryData =
  | { kind: 'entries'; entries: Entry[] }
  | { kind: 'series'; series: Series[] }
  | { kind: 'samples'; samples: { labels: Labels; value: number }[] }
  | { kind: 'table'; table: Table }

export interface Statistics {
  seconds: number
  bytes: number
  lines: number
}

export interface Answer {
  data: QueryData
  warnings: string[]
  infos: string[]
  statistics: Statistics
}

/** As Loki writes answers, and Prometheus those of series. */
export interface RawAnswer {
  data:
    | { resultType: 'streams'; result: StreamsResult[] }
    | { resultType: 'matrix'; result: { metric: Labels; values: [number, string][] }[] }
    | { resultType: 'vector'; result: { metric: Labels; value: [number, string] }[] }
    | { resultType: 'scalar'; result: [number, string] }
    | { resultType: 'table'; result: Table }
  stats?: RawStatistics
  warnings?: string[]
  infos?: string[]
}

interface RawStatistics {
  summary?: { execTime: number; totalBytesProcessed: number; totalLinesProcessed: number }
}

export interface RangeQuery {
  query: string
  range: Range
  limit?: number
  direction?: 'backward' | 'forward'
  /** ms */
  step?: number
  instant?: boolean
  purpose?: string
  signal?: AbortSignal
}

const V1 = 'loki/api/v1'

/** ns from ms, as text. */
export function nanoseconds(moment: number): string {
  return `${Math.floor(moment)}000000`
}

export function spanOf(range: Range): { start: string; end: string } {
  return { start: nanoseconds(range.start), end: nanoseconds(range.end) }
}

/** What lets answers keep structured metadata and parsed labels apart from the labels of streams. */
export const CATEGORIZE = 'categorize-labels'
const ENCODING = { 'X-Loki-Response-Encoding-Flags': CATEGORIZE }
const TABLES = 'application/vnd.sigyn.table+json, application/json'

export async function runQuery(asked: RangeQuery, exact?: { start: string; end: string }): Promise<Answer> {
  const { query, limit, direction = 'backward' } = asked
  const span = exact ?? spanOf(asked.range)
  const parameters: Parameters = asked.instant
    ? { query, time: span.end, limit, direction }
    : { query, ...span, limit, direction, step: asked.step ? `${asked.step}ms` : undefined }
  const raw = await askJson<RawAnswer>(`${V1}/${asked.instant ? 'query' : 'query_range'}`, {
    parameters,
    headers: { ...ENCODING, Accept: TABLES, 'X-Query-Tags': `Source=${asked.purpose ?? 'page'}` },
    signal: asked.signal,
  })
  return {
    data: dataOf(raw, direction, asked.step),
    warnings: raw.warnings ?? [],
    infos: raw.infos ?? [],
    statistics: statisticsOf(raw),
  }
}

function statisticsOf(raw: RawAnswer): Statistics {
  // Stats stand inside `data` in Loki's JSON, beside it in a table's.
  const stats = raw.stats ?? (raw.data as { stats?: RawStatistics }).stats
  const summary = stats?.summary
  return {
    seconds: summary?.execTime ?? 0,
    bytes: summary?.totalBytesProcessed ?? 0,
    lines: summary?.totalLinesProcessed ?? 0,
  }
}

/** `step` in ms. */
export function dataOf({ data }: RawAnswer, direction: 'backward' | 'forward', step?: number): QueryData {
  switch (data.resultType) {
    case 'streams':
      return { kind: 'entries', entries: entriesOf(data.result, direction) }
    case 'matrix':
      return {
        kind: 'series',
        series: data.result.map(({ metric, values }) => ({
          labels: metric,
          times: values.map(([time]) => Math.round(time * 1000)),
          values: values.map(([, value]) => numberOf(value)),
          step,
        })),
      }
    case 'vector':
      return {
        kind: 'samples',
        samples: data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) })),
      }
    case 'scalar':
      return { kind: 'samples', samples: [{ labels: {}, value: Number(data.result[1]) }] }
    case 'table':
      return { kind: 'table', table: data.result }
  }
}

function numberOf(text: string): number | null {
  const value = Number(text.replace('Inf', 'Infinity'))
  return Number.isNaN(value) ? null : value
}

export interface DetectedField {
  label: string
  type: string
  cardinality: number
  parsers: string[] | null
}

export interface Pattern {
  pattern: string
  level?: string
  samples: [number, number][]
}

export interface DetectedLabel {
  label: string
  cardinality: number
}

type Listing = { data?: string[] }

export async function labelNames(range: Range, query = '', signal?: AbortSignal): Promise<string[]> {
  const found = await askJson<Listing>(`${V1}/labels`, { parameters: { ...spanOf(range), query }, signal })
  return found.data ?? []
}

export async function labelValues(name: string, range: Range, query = '', signal?: AbortSignal): Promise<string[]> {
  const path = `${V1}/label/${encodeURIComponent(name)}/values`
  const found = await askJson<Listing>(path, { parameters: { ...spanOf(range), query }, signal })
  return found.data ?? []
}

export async function detectedLabels(range: Range, query: string, signal?: AbortSignal): Promise<DetectedLabel[]> {
  const found = await askJson<{ detectedLabels?: DetectedLabel[] }>(`${V1}/detected_labels`, {
    parameters: { ...spanOf(range), query },
    signal,
  })
  return found.detectedLabels ?? []
}

export async function detectedFields(range: Range, query: string, signal?: AbortSignal): Promise<DetectedField[]> {
  const found = await askJson<{ fields?: DetectedField[] }>(`${V1}/detected_fields`, {
    parameters: { ...spanOf(range), query, line_limit: 500 },
    signal,
  })
  return found.fields ?? []
}

export async function patternsOf(
  range: Range,
  selector: string,
  step: number,
  signal?: AbortSignal,
): Promise<Pattern[]> {
  const found = await askJson<{ data?: Pattern[] }>(`${V1}/patterns`, {
    parameters: { ...spanOf(range), query: selector, step: `${step / 1000}s` },
    signal,
  })
  return found.data ?? []
}

export interface IndexStatistics {
  streams: number
  bytes: number
  entries: number
}

export function indexStatistics(range: Range, query: string, signal?: AbortSignal): Promise<IndexStatistics> {
  return askJson(`${V1}/index/stats`, { parameters: { ...spanOf(range), query }, signal })
}

export interface ServiceSize {
  service: string
  bytes: number
}

interface Volumes {
  data: { result: { metric: Labels; value: [number, string] }[] }
}

const SERVICES = '{service_name=~".+"}'

/** The size of so many small services is counted, so that the address of the request stays short. */
const MOST_COUNTED = 100

/** What each service logged, the largest first. */
export async function serviceSizes(range: Range, signal?: AbortSignal): Promise<ServiceSize[]> {
  const parameters = { ...spanOf(range), query: SERVICES, targetLabels: 'service_name', limit: 1000 }
  const found = await askJson<Volumes>(`${V1}/index/volume`, { parameters, signal })
  const sizes = found.data.result.map(({ metric, value }) => ({
    service: metric.service_name ?? '',
    bytes: Number(value[1]),
  }))
  const small = sizes.filter(({ bytes }) => bytes === 0).slice(0, MOST_COUNTED)
  if (!small.length) return sizes
  const counted = await countedSizes(
    small.map(({ service }) => service),
    range,
    signal,
  )
  return sizes
    .map(({ service, bytes }) => ({ service, bytes: bytes || (counted.get(service) ?? 0) }))
    .sort((a, b) => b.bytes - a.bytes)
}

/** Volumes come in whole KiB by stream, as Loki's do, and many small streams are none: their text is counted instead. */
async function countedSizes(services: string[], range: Range, signal?: AbortSignal): Promise<Map<string, number>> {
  const selector = `{service_name=~${quote(anyOf(services))}}`
  const query = `sum by (service_name) (bytes_over_time(${selector}[${Math.ceil(range.end - range.start)}ms]))`
  const { data } = await runQuery({ query, range, instant: true, signal })
  const samples = data.kind === 'samples' ? data.samples : []
  return new Map(samples.map(({ labels, value }) => [labels.service_name ?? '', value]))
}

export async function formatQuery(query: string): Promise<string> {
  const found = await askJson<{ data: string }>(`${V1}/format_query`, { parameters: { query } })
  return found.data
}
