export function StoreView() {
  return <main id="main">StoreView</main>
}
