import { expect, test } from 'vitest'
import { nearTo } from '../src/logql/near'

test.each([
  ['ap', ['web', 'app', 'api', 'api-gateway', 'db', 'proxy'], ['api', 'app', 'api-gateway']],
  ['prodcution', ['production', 'staging', 'production-eu'], ['production']],
  ['API', ['api', 'apis', 'apo'], ['api', 'apo', 'apis']],
  ['checkout', ['cart', 'web-checkout-7f9', 'checkout-2'], ['checkout-2', 'web-checkout-7f9']],
  ['nobody', ['api', 'web'], []],
  ['x', [], []],
])('near to %s of %j', (text, values, near) => {
  expect(nearTo(text, values)).toEqual(near)
})
