// What the browser keeps for this page between visits. A browser that keeps nothing is as good, only forgetful.

const PREFIX = 'sigyn.'

export function remembered<T>(name: string, otherwise: T): T {
  try {
    const text = localStorage.getItem(PREFIX + name)
    return text === null ? otherwise : (JSON.parse(text) as T)
  } catch {
    return otherwise
  }
}

export function remember(name: string, value: unknown): void {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value))
  } catch {
    // Private windows and full storage refuse; the page works on without.
  }
}
