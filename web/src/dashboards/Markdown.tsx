// Markdown of text panels. The library gives a tree, of which elements are made here: HTML in the text stays text.

import { lexer, type MarkedToken, type Token, type Tokens } from 'marked'
import type { ComponentChildren } from 'preact'
import { useMemo } from 'preact/hooks'
import { safeUrl } from './links'

/** Levels of quotes and lists in each other that are shown as such; nobody writes more but to break the page. */
const DEEPEST = 40

const OPTIONS = { gfm: true, breaks: true }

export function Markdown({ text }: { text: string }) {
  const tokens = useMemo(() => tokensOf(text), [text])
  return <div class="markdown">{nodes(tokens)}</div>
}

function tokensOf(text: string): Token[] {
  try {
    return lexer(text, OPTIONS)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return [{ type: 'text', raw: text, text }] // nested deeper than the parser can go
  }
}

function nodes(tokens: readonly Token[] = [], depth = 0): ComponentChildren {
  return tokens.map((token, at) => <Node key={at} token={token as MarkedToken} depth={depth} />)
}

function Node({ token, depth }: { token: MarkedToken; depth: number }): ComponentChildren {
  if (depth > DEEPEST) return token.raw
  const inside = 'tokens' in token ? nodes(token.tokens, depth + 1) : null
  switch (token.type) {
    case 'text':
      return inside ?? unescaped(token.text)
    case 'paragraph':
      return <p>{inside}</p>
    case 'strong':
      return <strong>{inside}</strong>
    case 'em':
      return <em>{inside}</em>
    case 'del':
      return <del>{inside}</del>
    case 'heading': {
      // The page's own headings are above them: its title, and the panel's.
      const Heading = `h${Math.min(token.depth + 2, 6)}` as 'h3'
      return <Heading>{inside}</Heading>
    }
    case 'blockquote':
      return <blockquote>{inside}</blockquote>
    case 'code':
      return (
        <pre>
          <code>{token.text}</code>
        </pre>
      )
    case 'codespan':
      return <code>{token.text}</code>
    case 'list':
      return <List list={token} depth={depth + 1} />
    case 'checkbox':
      return <input type="checkbox" checked={token.checked} disabled aria-label={token.checked ? 'done' : 'to do'} />
    case 'table':
      return <TextTable table={token} depth={depth + 1} />
    case 'link':
      return (
        <Anchor href={token.autolink ? token.href : unescaped(token.href)} title={token.title}>
          {inside}
        </Anchor>
      )
    case 'image': // it would be loaded from wherever the dashboard says
      return (
        <Anchor href={unescaped(token.href)} title={token.title}>
          {unescaped(token.text) || token.href}
        </Anchor>
      )
    case 'br':
      return <br />
    case 'hr':
      return <hr />
    case 'space':
    case 'def':
      return null
    case 'html':
      return markup(token.text)
    default:
      return token.text
  }
}

function List({ list, depth }: { list: Tokens.List; depth: number }) {
  const items = list.items.map((item, at) => <li key={at}>{nodes(item.tokens, depth)}</li>)
  return list.ordered ? <ol start={list.start === '' ? undefined : list.start}>{items}</ol> : <ul>{items}</ul>
}

function TextTable({ table, depth }: { table: Tokens.Table; depth: number }) {
  const aligned = (at: number) => table.align[at] ?? undefined
  return (
    <table>
      <thead>
        <tr>
          {table.header.map((cell, at) => (
            <th key={at} scope="col" class={aligned(at)}>
              {nodes(cell.tokens, depth)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {table.rows.map((row, number) => (
          <tr key={number}>
            {row.map((cell, at) => (
              <td key={at} class={aligned(at)}>
                {nodes(cell.tokens, depth)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

interface AnchorProperties {
  href: string
  title?: string | null
  children: ComponentChildren
}

function Anchor({ href, title, children }: AnchorProperties) {
  const url = safeUrl(href)
  if (!url) return <>{children}</>
  return (
    <a href={url} title={title ?? undefined} rel="noopener noreferrer">
      {children}
    </a>
  )
}

/** What is written in HTML, as it is written; but for the end of a line, which cells of tables can't have otherwise. */
function markup(text: string): ComponentChildren {
  return /^<br\s*\/?>$/i.test(text) ? <br /> : text
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' }

/** With the characters that are written in HTML's way, which the tree keeps as they are written. */
function unescaped(text: string): string {
  return text.replace(/&(?:(amp|lt|gt|quot|apos|nbsp)|#(\d{1,7})|#[xX]([\da-fA-F]{1,6}));/g, (_, name, decimal, hex) =>
    name ? NAMED[name]! : character(decimal ? Number(decimal) : Number.parseInt(hex, 16)),
  )
}

function character(code: number): string {
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd'
}
