export function DashboardsView() {
  return <main id="main">DashboardsView</main>
}
