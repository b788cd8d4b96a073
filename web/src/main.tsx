import './styles/index.css'
import { render } from 'preact'
import { App } from './app/App'
import { applyTheme } from './app/theme'

applyTheme()
const page = document.getElementById('page')!
page.replaceChildren() // what was said while it was loaded
render(<App />, page)
