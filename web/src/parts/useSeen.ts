// Whether an element has come into sight: what nobody looks at need not be loaded.

import type { RefObject } from 'preact'
import { useEffect, useState } from 'preact/hooks'

/** True from the first moment on at which a part of the element is in sight. */
export function useSeen(element: RefObject<Element | null>): boolean {
  const [seen, setSeen] = useState(false)
  useEffect(() => {
    if (seen || !element.current) return
    const observer = new IntersectionObserver(entries => {
      if (entries.some(entry => entry.isIntersecting)) setSeen(true)
    })
    observer.observe(element.current)
    return () => observer.disconnect()
  }, [seen])
  return seen
}
