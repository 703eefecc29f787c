// The two pages that people come to first: their code, words, styles and first answers are asked for at once,
// beside the code that all pages share and not after it has run. Small, for it runs before all else; a file,
// for the content security policy runs nothing that stands in the page.
import { askEarly } from './api/early'
import { preferredLanguage } from './i18n/language'
import german from './i18n/locales/de/welcome.json'
import english from './i18n/locales/en/welcome.json'

const words = import.meta.glob('./i18n/locales/*/{common,discover,event}.json')
const language = preferredLanguage()

function begin(namespace: string, code: () => Promise<unknown>, ...questions: string[]): void {
  for (const question of questions) askEarly(question)
  const files = ['common', namespace].map((name) => words[`./i18n/locales/${language}/${name}.json`])
  // Whoever needs them asks again, and says what is wrong.
  for (const load of [code, ...files]) load?.().catch(() => {})
}

/** The headline stands where the app will have it, to be read while the app is on its way. */
function welcome({ title, lead }: typeof english): void {
  const [hero, inside, headline, text] = ['section', 'div', 'h1', 'p'].map((name) =>
    document.createElement(name),
  ) as [HTMLElement, HTMLElement, HTMLElement, HTMLElement]
  hero.className = 'hero'
  inside.className = 'hero-inside'
  headline.className = 'hero-title'
  text.className = 'hero-lead'
  headline.textContent = title
  text.textContent = lead
  inside.append(headline, text)
  hero.append(inside)
  hero.lang = language
  // Gone when the app is there already.
  document.querySelector('.boot')?.after(hero)
}

const { pathname, search } = location
const [, event] = /^\/events\/(\w+)$/.exec(pathname) ?? []
if (pathname === '/' && search === '') {
  welcome(language === 'de' ? german : english)
  begin('discover', () => import('./fan/discover/DiscoverPage'), '/api/v1/events?sort=date&limit=60')
} else if (event)
  begin(
    'event',
    () => import('./fan/event/EventPage'),
    `/api/v1/events/${event}`,
    `/api/v1/events/${event}/availability`,
  )
