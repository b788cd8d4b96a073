// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how Grafana writes variables

import { expect, test } from 'vitest'
import { laidOutWithTimes, withTimes } from '../src/time/variables'

const HOUR = { start: 0, end: 3_600_000 }

test.each([
  ['rate({a="b"}[$__auto])', 'rate({a="b"}[15s]    )'],
  ['rate({a="b"}[ ${__interval} ])', 'rate({a="b"}[15s]            )'],
  ['count_over_time({a="b"}[$__range]) / $__range_s', 'count_over_time({a="b"}[3600s]   ) / 3600'],
  ['{a="b"} |= "$__other $one [5m]"', '{a="b"} |= "$__other $one [5m]"'],
])('%s', (query, sent) => {
  expect(withTimes(query, HOUR, 240)).toBe(sent)
})

test('what is laid out keeps the variables', async () => {
  const layOut = async (query: string) => `sum(\n  ${query}\n)`
  expect(await laidOutWithTimes('rate({a="b"}[$__auto]) / rate({a="b"}[$__range]) / rate({a="b"}[5ns])', layOut)).toBe(
    'sum(\n  rate({a="b"}[$__auto]) / rate({a="b"}[$__range]) / rate({a="b"}[5ns])\n)',
  )
})
