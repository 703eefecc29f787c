import { expect, test } from 'vitest'

type Messages = { [key: string]: string | Messages }

const files = import.meta.glob<Messages>('./locales/*/*.json', { eager: true, import: 'default' })

function flat(messages: Messages, prefix = ''): [string, string][] {
  return Object.entries(messages).flatMap(([key, value]) =>
    typeof value === 'string' ? [[prefix + key, value] as [string, string]] : flat(value, `${prefix}${key}.`),
  )
}

const placeholders = (text: string) =>
  [...text.matchAll(/{{\s*(\w+)[^}]*}}|<\/?\w+>/g)].map((match) => match[0]).sort()

const namespaces = Object.keys(files)
  .filter((path) => path.includes('/en/'))
  .map((path) => path.split('/').at(-1) as string)

test('there are messages', () => expect(namespaces).toContain('common.json'))

test.each(namespaces)('%s says the same in German', (namespace) => {
  const english = flat(files[`./locales/en/${namespace}`] as Messages)
  const german = new Map(flat(files[`./locales/de/${namespace}`] ?? {}))
  expect([...german.keys()].sort()).toEqual(english.map(([key]) => key).sort())
  for (const [key, text] of english) {
    expect(german.get(key), key).not.toBe('')
    expect(placeholders(german.get(key) ?? ''), key).toEqual(placeholders(text))
  }
})

test('no language has a namespace that the other lacks', () => {
  const german = Object.keys(files).filter((path) => path.includes('/de/'))
  expect(german.map((path) => path.split('/').at(-1)).sort()).toEqual([...namespaces].sort())
})
