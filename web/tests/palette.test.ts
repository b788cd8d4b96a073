import { expect, it } from 'vitest'
import { coloursOf } from '../src/charts/palette'
import type { Labels } from '../src/logs/entry'

it.each<[string, Labels[], string[]]>([
  ['one series', [{}], ['--series-0']],
  ['services', [{ service: 'a' }, { service: 'b' }], ['--series-0', '--series-1']],
  ['levels', [{ level: 'error' }, { level: 'info' }], ['--level-error', '--level-info']],
  ['spellings of levels', [{ detected_level: 'fatal' }], ['--level-critical']],
  ['levels by another name', [{ severity: 'Warn' }, { severity: 'odd' }], ['--level-warn', '--series-1']],
  ['levels, and lines of none', [{}, { level: 'info' }], ['--level-unknown', '--level-info']],
  ['levels, and lines of an empty one', [{ level: '' }, { level: 'info' }], ['--level-unknown', '--level-info']],
  ['levels of services', [{ level: 'error', service: 'a' }], ['--series-0']],
])('the colours of %s', (_, labels, colours) => {
  expect(coloursOf(labels.map(each => ({ labels: each })))).toEqual(colours)
})
