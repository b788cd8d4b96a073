// Requests to the server that this page came from. Addresses are relative to the page, so that a path prefix just works.

import { tenant } from './tenant'

export interface ErrorPlace {
  line: number
  column: number
  length: number
  hint: string
}

/** What the server said no with; `place` points into the query where it could not be read. */
export class ApiError extends Error {
  readonly status: number
  readonly place: ErrorPlace | null

  constructor(message: string, status: number, place: ErrorPlace | null = null) {
    super(message)
    this.status = status
    this.place = place
  }
}

export type Parameters = Record<string, string | number | readonly string[] | undefined>

export function address(path: string, parameters: Parameters = {}): URL {
  const url = new URL(path, pageAddress())
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined || value === '') continue
    for (const each of typeof value === 'object' ? value : [String(value)]) url.searchParams.append(name, each)
  }
  return url
}

function pageAddress(): string {
  return location.origin + location.pathname
}

export function webSocketAddress(path: string, parameters: Parameters): URL {
  const url = address(path, parameters)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  return url
}

export interface Asked {
  parameters?: Parameters
  headers?: Record<string, string>
  signal?: AbortSignal
  method?: string
  body?: string
}

let unauthorized: (path: string) => void = () => {}

/** What is done when the server does not know who asks. */
export function onUnauthorized(run: (path: string) => void): void {
  unauthorized = run
}

export async function ask(path: string, asked: Asked = {}): Promise<Response> {
  // The second header keeps the browser from asking for a password in a window of its own.
  const headers: Record<string, string> = {
    Accept: 'application/json',
    'X-Requested-With': 'XMLHttpRequest',
    ...asked.headers,
  }
  if (tenant.value) headers['X-Scope-OrgID'] = tenant.value
  if (asked.body !== undefined) headers['Content-Type'] = 'application/json'
  let response: Response
  try {
    response = await fetch(address(path, asked.parameters), {
      method: asked.method ?? 'GET',
      headers,
      body: asked.body,
      signal: asked.signal,
    })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new ApiError('the server does not answer', 0)
  }
  if (response.status === 401) unauthorized(path)
  if (!response.ok) throw await errorOf(response)
  return response
}

export async function askJson<T>(path: string, asked: Asked = {}): Promise<T> {
  const response = await ask(path, asked)
  return response.json()
}

/** The answer, or null where this server has no such route. */
export async function askIfThere<T>(path: string, asked: Asked = {}): Promise<T | null> {
  try {
    return await askJson<T>(path, asked)
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null
    throw error
  }
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError'
}

async function errorOf(response: Response): Promise<ApiError> {
  const text = await response.text()
  try {
    const body = JSON.parse(text) as { message?: string; details?: ErrorPlace }
    return new ApiError(body.message ?? text, response.status, body.details ?? null)
  } catch {
    return new ApiError(text.trim() || response.statusText, response.status)
  }
}
