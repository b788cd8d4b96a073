// Values that one was probably meant as.

const OFFERED = 3

/** The nearest of the values, the best first: those with few letters changed, then those that hold the text. */
export function nearTo(text: string, values: readonly string[]): string[] {
  const wanted = text.toLowerCase()
  const most = Math.max(1, Math.floor(wanted.length / 3))
  return values
    .map(value => ({ value, changes: changesTo(wanted, value.toLowerCase(), most) }))
    .filter(({ changes }) => changes <= most + 1)
    .sort((a, b) => a.changes - b.changes || a.value.length - b.value.length || (a.value < b.value ? -1 : 1))
    .slice(0, OFFERED)
    .map(({ value }) => value)
}

/** How many letters differ; one more than `most` where one holds the other, and infinitely many where they are strangers. */
function changesTo(wanted: string, value: string, most: number): number {
  const changes = Math.abs(wanted.length - value.length) > most ? Number.POSITIVE_INFINITY : distance(wanted, value)
  if (changes <= most) return changes
  return wanted && value.includes(wanted) ? most + 1 : Number.POSITIVE_INFINITY
}

/** Levenshtein's: letters that are put in, left out or changed. */
function distance(one: string, other: string): number {
  let above = Array.from({ length: other.length + 1 }, (_, at) => at)
  for (let row = 1; row <= one.length; row += 1) {
    const here = [row]
    for (let at = 1; at <= other.length; at += 1) {
      const same = one[row - 1] === other[at - 1]
      here.push(Math.min(above[at]! + 1, here[at - 1]! + 1, above[at - 1]! + (same ? 0 : 1)))
    }
    above = here
  }
  return above[other.length]!
}
