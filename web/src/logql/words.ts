// The words of the language, with what completion says about each.

export interface Word {
  name: string
  help: string
}

const words = (entries: Record<string, string>): Word[] =>
  Object.entries(entries).map(([name, help]) => ({ name, help }))

export const RANGE_FUNCTIONS = words({
  rate: 'entries per second, or the rate of an unwrapped value',
  count_over_time: 'entries in each window',
  bytes_rate: 'bytes of lines per second',
  bytes_over_time: 'bytes of lines in each window',
  absent_over_time: '1 where there are no entries',
  rate_counter: 'rate of an unwrapped counter, resets allowed for',
  sum_over_time: 'sum of an unwrapped label',
  avg_over_time: 'mean of an unwrapped label',
  min_over_time: 'least unwrapped value',
  max_over_time: 'greatest unwrapped value',
  stddev_over_time: 'standard deviation of an unwrapped label',
  stdvar_over_time: 'variance of an unwrapped label',
  quantile_over_time: 'a quantile of an unwrapped label: quantile_over_time(0.99, …)',
  first_over_time: 'first unwrapped value of each window',
  last_over_time: 'last unwrapped value of each window',
})

export const AGGREGATIONS = words({
  sum: 'sum over series, by (…) or without (…)',
  avg: 'mean over series',
  min: 'least of the series',
  max: 'greatest of the series',
  count: 'number of series',
  stddev: 'standard deviation over series',
  stdvar: 'variance over series',
  topk: 'the k largest series: topk(10, …)',
  bottomk: 'the k smallest series',
  approx_topk: 'the k largest series, estimated',
  sort: 'series by value, smallest first',
  sort_desc: 'series by value, largest first',
})

export const FUNCTIONS = words({
  label_replace: 'a label made of another by an expression',
  vector: 'a number as a series',
  histogram_quantile: 'a quantile from series with the label le',
})

export const STAGES = words({
  json: 'labels from the fields of a JSON line',
  logfmt: 'labels from key=value pairs',
  regexp: 'labels from named groups of an expression',
  pattern: 'labels from a pattern such as <ip> - <method> <path>',
  unpack: 'labels that the pack stage put into the line',
  line_format: 'the line rewritten by a template',
  label_format: 'labels renamed or made by templates',
  decolorize: 'the line without colour codes',
  drop: 'leave labels out',
  keep: 'keep these labels alone',
  unwrap: 'the number in a label, for functions over it',
})

export const PIPES = words({
  stats: 'a row per group: stats count() as n by (path)',
  sort: 'rows in order: sort by n desc',
  limit: 'the first rows',
  offset: 'all but the first rows',
  where: 'some of the rows: where n > 5',
  uniq: 'each combination once: uniq by (user)',
  top: 'the most frequent combinations: top 5 by (path)',
  fields: 'these columns alone',
  math: 'a column from others: math rate = n / 60',
})

export const STATS_FUNCTIONS = words({
  count: 'number of entries',
  count_uniq: 'number of different values',
  sum: 'sum of a field',
  avg: 'mean of a field',
  min: 'least value',
  max: 'greatest value',
  median: 'middle value',
  quantile: 'a quantile: quantile(0.99, duration(took))',
  stddev: 'standard deviation',
  first: 'first value',
  last: 'last value',
  values: 'all values',
  uniq_values: 'all different values',
})

export const UNWRAP_CONVERSIONS = words({
  duration: 'seconds from a duration such as 250ms',
  bytes: 'bytes from a size such as 20KB',
})

const OTHER = [
  'by',
  'without',
  'on',
  'ignoring',
  'group_left',
  'group_right',
  'bool',
  'offset',
  'or',
  'and',
  'unless',
  'as',
  'let',
  'in',
  'not',
  'ip',
  'order',
  'head',
  'filter',
  'duration',
  'duration_seconds',
  'bytes',
  'desc',
  'asc',
]

const names = (list: readonly Word[]): string[] => list.map(word => word.name)

export const FUNCTION_NAMES = new Set([
  ...names(RANGE_FUNCTIONS),
  ...names(AGGREGATIONS),
  ...names(FUNCTIONS),
  ...names(STATS_FUNCTIONS),
])
export const KEYWORDS = new Set([...names(STAGES), ...names(PIPES), ...OTHER])
export const PIPE_NAMES = new Set([...names(PIPES), 'order', 'head', 'filter'])
export const PARSER_NAMES = new Set(['json', 'logfmt', 'regexp', 'pattern', 'unpack'])
