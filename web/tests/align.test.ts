import { describe, expect, it } from 'vitest'
import { seriesName } from '../src/charts/align'

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
