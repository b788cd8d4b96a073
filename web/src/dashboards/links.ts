// Links of dashboards are text from outside: only addresses that lead to pages are followed.

export function safeUrl(url: string): string | null {
  if (/^\/(?:explore|d|trace)[/?]/.test(url)) return `.${url}` // Grafana's own pages, which this server leads to its own
  try {
    const parsed = new URL(url, location.href)
    return ['http:', 'https:'].includes(parsed.protocol) ? url : null
  } catch {
    return null
  }
}
