export function AlertsView() {
  return <main id="main">AlertsView</main>
}
