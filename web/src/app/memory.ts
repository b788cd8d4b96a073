// What the browser keeps for this page between visits. A browser that keeps nothing is as good, only forgetful.

const PREFIX = 'sigyn.'

/** What this tab keeps, or else what any did last. */
export function rememberedHere<T>(name: string, otherwise: T): T {
  return read(() => sessionStorage, name, remembered(name, otherwise))
}

export function remembered<T>(name: string, otherwise: T): T {
  return read(() => localStorage, name, otherwise)
}

function read<T>(storage: () => Storage, name: string, otherwise: T): T {
  try {
    const text = storage().getItem(PREFIX + name)
    return text === null ? otherwise : (JSON.parse(text) as T)
  } catch {
    return otherwise
  }
}

/** Keeps it for this tab, and for those that are opened later. */
export function rememberHere(name: string, value: unknown): void {
  rememberInTab(name, value)
  remember(name, value)
}

/** Keeps it for this tab alone. */
export function rememberInTab(name: string, value: unknown): void {
  write(() => sessionStorage, name, value)
}

export function remember(name: string, value: unknown): void {
  write(() => localStorage, name, value)
}

/** Runs when another tab has something new to be remembered. */
export function onRemembered(name: string, run: () => void): void {
  addEventListener('storage', event => {
    if (event.key === PREFIX + name) run()
  })
}

function write(storage: () => Storage, name: string, value: unknown): void {
  try {
    storage().setItem(PREFIX + name, JSON.stringify(value))
  } catch {
    // Private windows and full storage refuse; the page works on without.
  }
}
