import { tell } from './Notices'

export function copyText(text: string, done: string): void {
  navigator.clipboard
    ? navigator.clipboard.writeText(text).then(
        () => tell(done),
        () => tell('The browser does not let this page copy', 'error'),
      )
    : copyBySelection(text, done)
}

// Pages over plain HTTP have no clipboard interface, and Sigyn is often reached by plain HTTP.
function copyBySelection(text: string, done: string): void {
  const area = document.createElement('textarea')
  area.value = text
  document.body.append(area)
  area.select()
  const copied = document.execCommand('copy')
  area.remove()
  tell(copied ? done : 'The browser does not let this page copy', copied ? 'info' : 'error')
}
