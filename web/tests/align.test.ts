import { describe, expect, it } from 'vitest'
import { align, alone, seriesName, summed, summedOver } from '../src/charts/align'

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

describe('the sum over a range', () => {
  it('has every step of it, and gaps where there is no value', () => {
    const one = { labels: {}, times: [0, 1000, 4000, 9000], values: [9, 1, 2, 9] }
    const other = { labels: {}, times: [1000, 2000], values: [5, null] }
    expect(summedOver([one, other], { start: 1000, end: 5000 }, 1000)).toEqual([6, null, null, 2, null])
    expect(summedOver([], { start: 0, end: 2000 }, 1000)).toEqual([null, null, null])
  })
})

describe('columns over time', () => {
  const series = (times: number[], step?: number) => ({ labels: {}, times, values: times, step })
  it.each([
    [[10, 20, 30], 10, [10, 20, 30]],
    [[10, 30], 10, [10, null, 30]],
    [[10, 40], 10, [10, null, null, 40]],
    [[10, 90], 10, [10, null, null, 90]],
    [[10, 90], undefined, [10, 90]],
  ])('of %j with a step of %s are %j', (times, step, column) => {
    expect(align([series(times, step)]).columns).toEqual([column])
  })

  it('have the gaps of all series in their moments', () => {
    const { times, columns } = align([series([10, 20], 10), series([10, 50], 10)])
    expect(times).toEqual([10, 20, 30, 40, 50])
    expect(columns).toEqual([
      [10, 20, null, null, null],
      [10, null, null, null, 50],
    ])
  })
})

describe('values without a neighbour', () => {
  it.each([
    [[1], [0]],
    [[1, 2, null, 3, null], [3]],
    [[null, 1, 2], []],
  ])('in %j are at %j', (column, places) => {
    expect(alone(column)).toEqual(places)
  })
})
