import i18next from 'i18next'
import { initReactI18next, useTranslation } from 'react-i18next'
import { keepLanguage, LANGUAGES, type Language, preferredLanguage } from './language'

export { LANGUAGES, type Language } from './language'

const files = import.meta.glob<{ default: Record<string, string> }>('./locales/*/*.json')

/** Loads the messages of one namespace when a page first needs them. */
const backend = {
  type: 'backend' as const,
  init() {},
  read(language: string, namespace: string, done: (error: unknown, messages: unknown) => void) {
    const load = files[`./locales/${language}/${namespace}.json`]
    if (!load) return done(new Error(`no messages ${namespace} in ${language}`), null)
    load().then(
      (module) => done(null, module.default),
      (error) => done(error, null),
    )
  },
}

export async function startI18n(): Promise<void> {
  i18next.on('languageChanged', (language) => {
    document.documentElement.lang = language
    document.documentElement.dir = i18next.dir(language)
  })
  await i18next
    .use(backend)
    .use(initReactI18next)
    .init({
      lng: preferredLanguage(),
      fallbackLng: false,
      supportedLngs: LANGUAGES,
      ns: ['common'],
      defaultNS: 'common',
      interpolation: { escapeValue: false },
      keySeparator: '.',
      returnNull: false,
    })
}

export async function setLanguage(language: Language): Promise<void> {
  keepLanguage(language)
  await i18next.changeLanguage(language)
}

/** For a route's loader: the messages of the page arrive together with its code. */
export const loadMessages = (...namespaces: string[]): Promise<void> => i18next.loadNamespaces(namespaces)

/** The locale for numbers and dates: the browser's own flavour of the language that is shown. */
export function useLocale(): string {
  const { i18n } = useTranslation()
  return localeOf(i18n.language)
}

function localeOf(language: string): string {
  return navigator.languages.find((tag) => tag.split('-')[0] === language) ?? language
}
