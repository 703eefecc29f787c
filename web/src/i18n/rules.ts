import type { TFunction } from 'i18next'
import type { Problem } from '../api/problem'

/** What the server says of a field, and the message that says the same; what stands in brackets goes into it. */
const RULES: readonly (readonly [RegExp, string])[] = [
  [/^must be 1 to (?<max>\d+) characters$/, 'charsMost'],
  [/^must be at most (?<max>\d+) characters$/, 'charsMost'],
  [/^must be (?<min>\d+) to (?<max>\d+) characters$/, 'chars'],
  [/^must be at most (?<max>\d+)$/, 'most'],
  [/^must be at least (?<min>\d+)$/, 'least'],
  [
    /^(?:the price of .* )?must be (?<min>-?\d+) to (?<max>-?\d+)(?: degrees| events| minor units)?$/,
    'range',
  ],
  [/^must name 1 to (?<max>\d+) /, 'most'],
  [/^must be an e-mail address$/, 'email'],
  [/^must be a telephone number/, 'phone'],
  [/ISO 3166-1|two letters of a country/, 'country'],
  [/^must be a time zone/, 'zone'],
  [/^must be a day such as/, 'day'],
  [/passwords guessed first/, 'guessable'],
  [/^must not be the address you sign in with$/, 'sameAddress'],
  [/^must be in the future/, 'future'],
  [/^must not be after the start/, 'doors'],
  [/^must be after the start/, 'end'],
  [/^must be after validFrom$/, 'order'],
  [/^has passed$/, 'passed'],
  [/ twice$/, 'twice'],
  [/^must all be in one currency$/, 'oneCurrency'],
  [/^is no currency/, 'currency'],
  [/^the seat map's level "(?<level>.*)" has no price$/, 'noPrice'],
  [/^an event needs a seat map/, 'needsMap'],
  [/^must begin with https/, 'https'],
  [/^must be absolute addresses$|^has an address that is|^must be written as/, 'address'],
  [/^cannot have a fragment/, 'fragment'],
  [/control or direction characters|hold no NUL/, 'hidden'],
  [/^must name at least one/, 'one'],
  [/^are too many$/, 'many'],
  [/^must say why/, 'why'],
  [/^comes with latitude$/, 'together'],
  [/^must be left out: owners/, 'owners'],
  [
    /not one of|is no |is none|not an id|must be (?:one|ids) of|^names (?:one|a scope)|has no such/,
    'unknown',
  ],
]

/**
 * Why a field was refused, in the reader's language. For what no rule here knows the server's own sentence
 * stands, which is English.
 */
export function ruleText(t: TFunction, language: string, { message }: Problem): string {
  for (const [said, key] of RULES) {
    const match = said.exec(message)
    if (match) return t(`rule.${key}` as never, { ...match.groups }) as string
  }
  return language === 'en' ? message : (t('rule.other' as never) as string)
}
