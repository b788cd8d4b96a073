// Days, weeks, months and years of the chosen time zone, which are not all of the same length.

import { zoneOffset } from './zone'

export type CalendarUnit = 'd' | 'w' | 'M' | 'y'

/** The beginning of the unit that a moment is in, or of one so many units later; weeks begin on Monday. */
export function beginningOf(unit: CalendarUnit, moment: number, later = 0): number {
  const wall = new Date(moment + zoneOffset(moment))
  const [year, month, day] = [wall.getUTCFullYear(), wall.getUTCMonth(), wall.getUTCDate()]
  switch (unit) {
    case 'd':
      return momentOf(Date.UTC(year, month, day + later))
    case 'w':
      return momentOf(Date.UTC(year, month, day - ((wall.getUTCDay() + 6) % 7) + 7 * later))
    case 'M':
      return momentOf(Date.UTC(year, month + later))
    case 'y':
      return momentOf(Date.UTC(year + later, 0))
  }
}

/** When clocks of the zone show what clocks of UTC show at `wall`: not with the offset of now where it changes between. */
function momentOf(wall: number): number {
  return wall - zoneOffset(wall - zoneOffset(wall))
}
