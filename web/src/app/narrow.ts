// Whether the window is as narrow as a phone, where phone.css applies.

import { signal } from '@preact/signals'

const query = matchMedia('(max-width: 720px)')

export const narrow = signal(query.matches)

query.addEventListener('change', () => {
  narrow.value = query.matches
})
