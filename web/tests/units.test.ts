import { expect, it } from 'vitest'
import { countOf } from '../src/charts/units'

it.each([
  [0, '0 lines'],
  [1, '1 line'],
  [2, '2 lines'],
  [1000, '1,000 lines'],
])('%d of them are %s', (count, text) => {
  expect(countOf(count, 'line')).toBe(text)
})
