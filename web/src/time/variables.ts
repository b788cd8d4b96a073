// What Grafana's own variables stand for, such as `$__auto`: they are in queries that people bring from there.

import { formatDuration } from './duration'
import { type Range, stepFor } from './range'

const IN_BRACKETS = /\[\s*(\$\{?__\w+\}?)\s*\]/g

/** By name, for a graph that cuts the range into at most so many pieces. */
export function timeVariables(range: Range, pieces: number): Record<string, string> {
  const step = formatDuration(Math.max(10_000, stepFor(range, pieces)))
  const length = range.end - range.start
  return {
    __interval: step,
    __auto: step,
    __rate_interval: formatDuration(Math.max(60_000, stepFor(range, pieces))),
    __interval_ms: String(stepFor(range, pieces)),
    __range: `${Math.round(length / 1000)}s`,
    __range_s: String(Math.round(length / 1000)),
    __range_ms: String(Math.round(length)),
    __from: String(Math.floor(range.start)),
    __to: String(Math.ceil(range.end)),
  }
}

/** The query with those variables filled in. What follows a range stays in its column, so that errors point at it. */
export function withTimes(query: string, range: Range, pieces: number): string {
  const values = timeVariables(range, pieces)
  const filled = (text: string) =>
    text.replace(/\$\{(__\w+)\}|\$(__\w+)/g, (whole, braced, plain) => values[braced ?? plain] ?? whole)
  return filled(query.replace(IN_BRACKETS, whole => filled(whole).replace(/\s/g, '').padEnd(whole.length)))
}

/** The query as `layOut` writes it anew, which knows durations only: each variable is one meanwhile. */
export async function laidOutWithTimes(query: string, layOut: (query: string) => Promise<string>): Promise<string> {
  const variables: string[] = []
  const written = query.replace(IN_BRACKETS, (_, variable: string) => `[${variables.push(variable)}ns]`)
  const laidOut = await layOut(written)
  return laidOut.replace(/\[(\d+)ns\]/g, (whole, number) => {
    const variable = variables[Number(number) - 1]
    return variable ? `[${variable}]` : whole
  })
}
