import './theme/fonts.css'
import './theme/tokens.css'
import './theme/base.css'
import './theme/hero.css'
import { startTransition } from 'react'
import { createRoot } from 'react-dom/client'
import { forgetEarly } from './api/early'
import { App } from './app/App'
import { router } from './app/router'
import { startI18n } from './i18n'
import { applyTheme } from './theme/theme'

applyTheme()
// The page's code, words and first answers are on their way while the words of the shell load.
const words = startI18n()
void router.load()
await words
forgetEarly()
// In pieces, so that a finger on a slow phone is answered in between.
startTransition(() => createRoot(document.getElementById('root') as HTMLElement).render(<App />))
