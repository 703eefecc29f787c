import { expect, test } from 'vitest'

type Messages = { [key: string]: string | Messages }

const sources = import.meta.glob<string>('./**/*.tsx', { eager: true, query: '?raw', import: 'default' })
const messages = import.meta.glob<Messages>('../i18n/locales/en/*.json', { eager: true, import: 'default' })

function has(namespace: string, key: string): boolean {
  let at: string | Messages | undefined = messages[`../i18n/locales/en/${namespace}.json`]
  const parts = key.split('.')
  for (const [index, part] of parts.entries()) {
    if (typeof at !== 'object') return false
    at = index === parts.length - 1 ? (at[part] ?? at[`${part}_other`]) : at[part]
  }
  return typeof at === 'string'
}

/** Keys that are written out, also both of a choice; those that are put together cannot be told here. */
function keysIn(source: string): string[] {
  const calls = [...source.matchAll(/\bt\(\s*((?:'[^']+'|[^'`)])*?'[^']+'(?:\s*:\s*'[^']+')?)/g)]
  return calls
    .map(([, argument = '']) => argument)
    .filter((argument) => /^'|\?\s*'/.test(argument.trim()))
    .flatMap((argument) => {
      const choice = /\?\s*'([^']+)'\s*:\s*'([^']+)'/.exec(argument)
      if (choice) return [choice[1] ?? '', choice[2] ?? '']
      return [/^'([^']+)'/.exec(argument.trim())?.[1] ?? '']
    })
    .filter(Boolean)
}

test.each(Object.entries(sources))('%s says only what the messages have', (_, source) => {
  const own = /useTranslation\('(\w+)'\)/.exec(source)?.[1] ?? 'common'
  const missing = keysIn(source).filter((key) => {
    const [namespace, name] = key.includes(':') ? (key.split(':') as [string, string]) : [own, key]
    return !has(namespace, name)
  })
  expect(missing).toEqual([])
})

test('keys are found in the sources at all', () => {
  expect(Object.values(sources).flatMap(keysIn).length).toBeGreaterThan(200)
})
