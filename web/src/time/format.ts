// Moments as text, in the browser's time zone.

const two = (number: number): string => String(number).padStart(2, '0')

export function formatDate(moment: number): string {
  const date = new Date(moment)
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}

export function formatTime(moment: number, milliseconds = false): string {
  const date = new Date(moment)
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  return milliseconds ? `${time}.${String(date.getMilliseconds()).padStart(3, '0')}` : time
}

/** `2026-01-15 12:00:00`; without the date when it is that of `beside`. */
export function formatMoment(moment: number, beside?: number): string {
  if (beside !== undefined && formatDate(beside) === formatDate(moment)) return formatTime(moment)
  return `${formatDate(moment)} ${formatTime(moment)}`
}

/** A timestamp in ns, to the last digit that says something. */
export function formatNanoseconds(timestamp: string): string {
  const moment = Number(timestamp.slice(0, -6))
  const rest = timestamp.slice(-6).replace(/0+$/, '')
  return `${formatDate(moment)} ${formatTime(moment, true)}${rest}`
}

export function ago(moment: number, now = Date.now()): string {
  const seconds = Math.round((now - moment) / 1000)
  if (seconds < 60) return `${Math.max(0, seconds)} s ago`
  if (seconds < 3600) return `${Math.round(seconds / 60)} min ago`
  if (seconds < 86_400) return `${Math.round(seconds / 3600)} h ago`
  return `${Math.round(seconds / 86_400)} d ago`
}
