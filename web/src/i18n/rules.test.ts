import i18next from 'i18next'
import { expect, test } from 'vitest'
import { Problem } from '../api/problem'
import german from './locales/de/common.json'
import english from './locales/en/common.json'
import { ruleText } from './rules'

await i18next.init({ resources: { de: { common: german }, en: { common: english } }, defaultNS: 'common' })

/** What is said about a field in German of which the server says this. */
const inGerman = (said: string) =>
  ruleText(i18next.getFixedT('de'), 'de', new Problem('invalid_field', 400, { message: said }))

test.each([
  ['must be 1 to 200 characters', 'Bitte 1 bis 200 Zeichen.'],
  ['must be 8 to 128 characters', 'Bitte 8 bis 128 Zeichen.'],
  ['must be -90 to 90 degrees', 'Zwischen -90 und 90.'],
  ['the price of "stalls" must be 0 to 100000000 minor units', 'Zwischen 0 und 100000000.'],
  ['must be an e-mail address', 'Bitte eine E-Mail-Adresse.'],
  ['is one of the passwords guessed first', german.rule.guessable],
  ['must be in the future once the event is published', german.rule.future],
  ['the key "a" is used twice', german.rule.twice],
  ['the seat map\'s level "stalls" has no price', 'Die Kategorie stalls des Saalplans hat keinen Preis.'],
  ["is not one of the organizer's venues", german.rule.unknown],
  ['a sentence that no rule has foreseen', german.rule.other],
])('%s', (said, expected) => expect(inGerman(said)).toBe(expected))

test('who reads English is told what no rule has foreseen, too', () => {
  const problem = new Problem('invalid_field', 400, { message: 'a sentence that no rule has foreseen' })
  expect(ruleText(i18next.getFixedT('en'), 'en', problem)).toBe(problem.message)
})

test('every rule is in the messages, and the other way round', async () => {
  const source = (await import('./rules?raw')).default as unknown as string
  const used = [...source.matchAll(/'(\w+)',?\s*\],/g)].map(([, key]) => key)
  expect([...new Set([...used, 'other'])].sort()).toEqual(Object.keys(german.rule).sort())
})
