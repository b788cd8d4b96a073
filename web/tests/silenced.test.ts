import { expect, test } from 'vitest'
import { silenceOf } from '../src/alerts/silenced'
import type { Matcher, Silence } from '../src/api/alerting'

const silence = (text: string, state: Silence['status']['state'] = 'active', until = 1): Silence => ({
  id: text,
  status: { state },
  matchers: text.split(' ').map((each): Matcher => {
    const [, name, operator, value] = /^(\w+)(=~|!~|!=|=)(.*)$/.exec(each)!
    return { name: name!, value: value!, isRegex: operator!.endsWith('~'), isEqual: operator!.startsWith('=') }
  }),
  startsAt: new Date(0).toISOString(),
  endsAt: new Date(until * 1000).toISOString(),
  createdBy: '',
  comment: '',
})

const LABELS = { alertname: 'Errors', app: 'shop' }

test.each([
  ['app=shop', true],
  ['app=sho', false],
  ['app=~sho.', true],
  ['app=~sho', false],
  ['app!=shop', false],
  ['app!~till|bank', true],
  ['alertname=Errors app=till', false],
  ['zone=', true],
  ['zone!=', false],
  ['app=~(?P<x>shop)', false],
  ['app!~(?P<x>till)', false],
])('whether %s silences an alert', (matchers, silenced) => {
  expect(silenceOf(LABELS, [silence(matchers)]) !== null).toBe(silenced)
})

test('silences that are over, or not yet in force, silence nothing; of others the one counts that ends last', () => {
  expect(silenceOf(LABELS, [silence('app=shop', 'expired'), silence('app=shop', 'pending')])).toBeNull()
  const both = [silence('app=shop', 'active', 5), silence('app=~.*', 'active', 9)]
  expect(silenceOf(LABELS, both)?.id).toBe('app=~.*')
})
