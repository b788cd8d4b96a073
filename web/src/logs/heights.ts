// Heights of rows, guessed until they are measured, and where each row begins.

export class Heights {
  private heights: Float64Array
  private offsets: Float64Array
  private validTo = 0

  constructor(count: number, guess: (index: number) => number) {
    this.heights = Float64Array.from({ length: count }, (_, index) => guess(index))
    this.offsets = new Float64Array(count + 1)
  }

  get count(): number {
    return this.heights.length
  }

  get total(): number {
    return this.offset(this.count)
  }

  /** Where a row begins, from the top. */
  offset(index: number): number {
    for (let at = this.validTo; at < index; at += 1) this.offsets[at + 1] = this.offsets[at]! + this.heights[at]!
    this.validTo = Math.max(this.validTo, index)
    return this.offsets[index]!
  }

  /** The row at a distance from the top. */
  rowAt(distance: number): number {
    let low = 0
    let high = Math.max(0, this.count - 1)
    this.offset(this.count)
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.offsets[middle]! <= distance) low = middle
      else high = middle - 1
    }
    return low
  }

  /** Notes a measured height; whether it is news. */
  measure(index: number, height: number): boolean {
    if (index >= this.count || Math.abs(this.heights[index]! - height) < 0.5) return false
    this.heights[index] = height
    this.validTo = Math.min(this.validTo, index)
    return true
  }

  /** The same with more rows at the end. */
  extended(count: number, guess: (index: number) => number): Heights {
    const longer = new Heights(count, index => (index < this.count ? this.heights[index]! : guess(index)))
    return longer
  }
}
