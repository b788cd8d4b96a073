export function TracesView() {
  return <main id="main">TracesView</main>
}
