import { describe, expect, it } from 'vitest'
import { seriesName, summed } from '../src/charts/align'

describe('the name of a series', () => {
  it.each([
    [{}, '{}'],
    [{ __name__: 'up' }, 'up'],
    [{ app: 'shop' }, 'shop'],
    [{ app: '' }, '(none)'],
    [{ app: 'shop', env: 'dev' }, '{app="shop", env="dev"}'],
    [{ __name__: 'up', app: 'shop' }, 'up{app="shop"}'],
  ])('of %o is %s', (labels, name) => {
    expect(seriesName(labels)).toBe(name)
  })
})

describe('the sum of columns', () => {
  it.each([
    [[[1, null, 3]], [1, null, 3]],
    [
      [
        [1, null, null],
        [2, 5, null],
      ],
      [3, 5, null],
    ],
    [[], []],
  ])('%j is %j', (columns, sum) => {
    expect(summed(columns)).toEqual(sum)
  })
})
