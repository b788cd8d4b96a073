// Prometheus' text format, as far as this server writes it.

export interface Sample {
  name: string
  labels: Record<string, string>
  value: number
}

export function parseMetrics(text: string): Sample[] {
  const samples: Sample[] = []
  for (const line of text.split('\n')) {
    const found = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/.exec(line)
    if (!found || line.startsWith('#')) continue
    const labels = Object.fromEntries(
      [...(found[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(pair => [pair[1]!, pair[2]!]),
    )
    samples.push({ name: found[1]!, labels, value: Number(found[3]) })
  }
  return samples
}

export function totalOf(samples: readonly Sample[], name: string): number | null {
  const own = samples.filter(sample => sample.name === name)
  return own.length ? own.reduce((sum, sample) => sum + sample.value, 0) : null
}
