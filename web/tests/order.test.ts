import { describe, expect, it } from 'vitest'
import { titleOf } from '../src/app/title'
import { highestFirst } from '../src/charts/order'

describe('the order of series', () => {
  const rows = [1, null, 3, null, 3, 2]

  it('has the highest value first and what has none last', () => {
    expect(highestFirst(rows, row => row, 'line')).toEqual([3, 3, 2, 1, null, null])
  })

  it('is that of the parts in bars', () => {
    expect(highestFirst(rows, row => row, 'bars')).toEqual(rows)
  })
})

describe('the title of the window', () => {
  it.each([
    ['', 'Logs · Sigyn'],
    ['{a="b"}\n  | json\n', '{a="b"} | json · Logs · Sigyn'],
    ['x'.repeat(200), `${'x'.repeat(119)}… · Logs · Sigyn`],
  ])('of %j is %j', (text, title) => {
    expect(titleOf(text, 'Logs')).toBe(title)
  })
})
