import { expect, test } from 'vitest'
import { meantAs } from '../src/logql/meant'

test.each([
  ['error', '{} |= "error"'],
  ['connection  refused (111)', '{} |= "connection  refused (111)"'],
  ['"connection refused"', '{} |= "connection refused"'],
  ['say "no"', '{} |= "say \\"no\\""'],
  ['app="odd", pod=~"a.*"', '{app="odd", pod=~"a.*"}'],
  ['|= "error" | json', '{} |= "error" | json'],
  ['| json | status=500', '{} | json | status=500'],
  ['{app="odd"', null],
  ['{app="odd"} | jsn', null],
  ['rate(error)', null],
  ['  ', null],
])('%s', (written, meant) => {
  expect(meantAs(written)).toBe(meant)
})
