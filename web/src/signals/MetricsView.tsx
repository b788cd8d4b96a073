export function MetricsView() {
  return <main id="main">MetricsView</main>
}
