import { describe, expect, test } from 'vitest'
import { selectorBeside, wantedAt } from '../src/logql/complete'
import { addLineFilter, addStage, removeMatcher, removeStage, toggleFilter, toggleMatcher } from '../src/logql/edit'
import { asksForLines, countedQueryOf, isPipe, logQueryOf, selectorOf, structureOf } from '../src/logql/structure'
import { tokenize } from '../src/logql/tokens'

const texts = (query: string) => structureOf(query).stages.map(stage => stage.text)

describe('structure', () => {
  test.each([
    ['{a="b"} |= "x" != "y" | json | status != 500', ['|= "x"', '!= "y"', '| json', '| status != 500']],
    ['{a="b"} | json != "x"', ['| json', '!= "x"']],
    ['{a="b"} | regexp "(?P<x>a|b)" | x="1" or y="2"', ['| regexp "(?P<x>a|b)"', '| x="1" or y="2"']],
    ['sum by (a) (rate({a="b"} | json | x > 5 [5m])) > 1', ['| json', '| x > 5']],
    ['{a="}|"} |= `{|` # | json', ['|= `{|`']],
    ['{a="b"', []],
  ])('the stages of %s', (query, stages) => {
    expect(texts(query)).toEqual(stages)
  })

  test('matchers hold their text', () => {
    expect(
      structureOf('{a="b\\"c", d=~`e|f`}').selector?.matchers.map(each => [each.name, each.operator, each.value]),
    ).toEqual([
      ['a', '=', 'b"c'],
      ['d', '=~', 'e|f'],
    ])
  })

  test.each([
    ['{a="b"} | json | limit="5"', true],
    ['{}', true],
    ['{a="b"} | stats count() by (c)', false],
    ['rate({a="b"}[5m])', false],
    ['vector(1)', false],
    ['', false],
  ])('whether %s asks for lines', (query, lines) => {
    expect(asksForLines(query)).toBe(lines)
  })

  test('the log query in a query', () => {
    expect(logQueryOf('sum(count_over_time({a="b"} | json [5m]))')).toBe('{a="b"} | json')
    expect(logQueryOf('{a="b"} | json | stats count() as n by (c) | sort by n desc')).toBe('{a="b"} | json')
    expect(logQueryOf('{a="b"} | stats = "x"')).toBe('{a="b"} | stats = "x"')
  })

  test('counts lines that a stage can not read', () => {
    expect(countedQueryOf('{a="b"} |= "c" # why')).toBe('{a="b"} |= "c"')
    expect(countedQueryOf('{a="b"} | json # why')).toBe('{a="b"} | json | drop __error__, __error_details__')
    expect(countedQueryOf('{a="b"} | json | stats count()')).toBe('{a="b"} | json | drop __error__, __error_details__')
    expect(countedQueryOf('')).toBe('')
    expect(selectorOf('topk(5, rate({a="b"}[1m]))')).toBe('{a="b"}')
  })

  test('pipes are told from labels of their name', () => {
    const [filter, pipe] = structureOf('{} | sort="x" | sort by x').stages
    expect([isPipe(filter!), isPipe(pipe!)]).toEqual([false, true])
  })

  test('what is there is there: tokens cover the text but for blanks', () => {
    const query = 'let a = rate({b="c"} |~ `d` | e > 5ms [1h]); /* f */ a / 2 # g'
    expect(
      tokenize(query)
        .map(token => token.text)
        .join('')
        .replace(/\s/g, ''),
    ).toBe(query.replace(/\s/g, ''))
  })
})

describe('edits', () => {
  test('a label goes into the selector, and out of it again', () => {
    const once = toggleMatcher('{a="b"} |= "x"', 'c', '=', 'd')
    expect(once).toBe('{a="b", c="d"} |= "x"')
    expect(toggleMatcher(once, 'c', '=', 'd')).toBe('{a="b"} |= "x"')
    expect(toggleMatcher('', 'c', '=', 'd"')).toBe('{c="d\\""}')
    expect(toggleMatcher('{c="d"}', 'c', '!=', 'd')).toBe('{c!="d"}')
    expect(removeMatcher('rate({a="b", c="d"}[5m])', 0)).toBe('rate({c="d"}[5m])')
  })

  test('a field brings its parser, once', () => {
    const origin = { kind: 'parsed', parser: 'json' } as const
    const once = toggleFilter('{a="b"}', origin, 'x', '=', '1')
    expect(once).toBe('{a="b"} | json | x="1"')
    expect(toggleFilter(once, origin, 'y', '!=', '2')).toBe('{a="b"} | json | x="1" | y!="2"')
    expect(toggleFilter(once, origin, 'x', '=', '1')).toBe('{a="b"} | json')
    expect(toggleFilter(once, origin, 'x', '!=', '1')).toBe('{a="b"} | json | x!="1"')
    expect(toggleFilter('{a="b"}', { kind: 'metadata' }, 'x', '=', '1')).toBe('{a="b"} | x="1"')
  })

  test('stages go before pipes, into the log query of a metric', () => {
    expect(addStage('{} | json | stats count() by (a)', '| a="b"')).toBe('{} | json | a="b" | stats count() by (a)')
    expect(addStage('rate({a="b"} | json [5m])', '| x="1"')).toBe('rate({a="b"} | json | x="1" [5m])')
    expect(addLineFilter('{a="b"} | json', '|=', 'x"y')).toBe('{a="b"} |= "x\\"y" | json')
    expect(removeStage('{a="b"} | json | x="1"', 0)).toBe('{a="b"} | x="1"')
  })
})

describe('completion', () => {
  const wanted = (query: string) => wantedAt(query, query.length)

  test.each([
    ['{', 'label names'],
    ['{serv', 'label names'],
    ['{a="b", ', 'label names'],
    ['{a=', 'label values'],
    ['{a="', 'label values'],
    ['{a=~"b', 'label values'],
    ['{a="b"} | json | x="', 'field values'],
    ['{a="b"} | ', 'fields'],
    ['{a="b"} | js', 'fields'],
    ['sum by (', 'fields'],
    ['su', 'words'],
    ['sum(ra', 'words'],
    ['{a="b"} ', 'words'],
    ['{a="b"} | json | stats ', 'words'],
    ['rate({a="b"}[', 'durations'],
  ])('at the end of %s', (query, kind) => {
    expect(wanted(query)?.kind).toBe(kind)
  })

  test('nothing where anything may stand', () => {
    expect(wanted('{a="b"} |= "er')).toBeNull()
    expect(wanted('rate({a="b"}[5m])')).toBeNull()
  })

  test.each([
    ['{a="b", c="^', '{a="b"}'],
    ['{a="b", c="^", d=~"e.*"}', '{a="b", d=~"e.*"}'],
    ['{c="x^y", a!="b"} | json', '{a!="b"}'],
    ['rate({a="b"}[1m]) / rate({c="d", ^}[1m])', '{c="d"}'],
    ['{^', ''],
    ['sum by (^', ''],
  ])('the matchers beside %s', (text, beside) => {
    const at = text.indexOf('^')
    expect(selectorBeside(text.replace('^', ''), at)).toBe(beside)
  })
})
