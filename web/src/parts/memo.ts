import { Component, type FunctionComponent, h } from 'preact'

/** The component, rendered again only when one of its properties is another. */
export function memo<P extends object>(render: FunctionComponent<P>): FunctionComponent<P> {
  class Memo extends Component<P> {
    shouldComponentUpdate(next: P): boolean {
      const names = Object.keys(next) as (keyof P)[]
      return names.some(name => next[name] !== (this.props as P)[name])
    }

    render() {
      return h(render, this.props as P)
    }
  }
  return Memo as unknown as FunctionComponent<P>
}
