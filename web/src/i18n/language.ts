export const LANGUAGES = ['en', 'de'] as const
export type Language = (typeof LANGUAGES)[number]

const KEY = 'language'

/** The language chosen before, or the first of the browser's that we speak. */
export function preferredLanguage(): Language {
  const wishes = [localStorage.getItem(KEY), ...navigator.languages.map((tag) => tag.split('-')[0])]
  const spoken = wishes.find((wish): wish is Language => LANGUAGES.includes(wish as Language))
  return spoken ?? 'en'
}

export function keepLanguage(language: Language): void {
  localStorage.setItem(KEY, language)
}
