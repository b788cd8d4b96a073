// Text in which nothing hides: characters that have no shape, or turn those around them, are written out.

// Control characters but tab and line feed; directions, which can make a line read as another; spaces without a width.
const HIDDEN = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2066-\u2069\ufeff]/
const EACH = new RegExp(`(${HIDDEN.source})`)

export function Visible({ text }: { text: string }) {
  if (!HIDDEN.test(text)) return <>{text}</>
  return (
    <>
      {text.split(EACH).map((part, at) =>
        at % 2 ? (
          <span key={at} class="hidden-character">
            {written(part)}
          </span>
        ) : (
          part
        ),
      )}
    </>
  )
}

function written(character: string): string {
  if (character === '\r') return '\\r'
  const code = character.charCodeAt(0)
  return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
}
