/// <reference types="node" />
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { MARKS, maskOf, masksOf } from './marks'

test('every state has a form of its own, told apart without colour', () => {
  const masks = masksOf(12)
  for (let one = 0; one < MARKS.length; one++) {
    for (let other = 0; other < one; other++) {
      const [a, b] = [maskOf(masks, one, 0).alpha, maskOf(masks, other, 0).alpha]
      const differing = a.reduce((sum, cover, at) => sum + Math.abs(cover - b[at]!) / 255, 0)
      expect(differing, `${MARKS[one]} and ${MARKS[other]}`).toBeGreaterThan(12)
    }
  }
})

test('a mark is as large as it says and lies where it says', () => {
  const masks = masksOf(10)
  const { width, alpha } = maskOf(masks, 0, 0)
  const area = alpha.reduce((sum, cover) => sum + cover / 255, 0)
  expect(area).toBeGreaterThan(Math.PI * 25 * 0.95)
  expect(area).toBeLessThan(Math.PI * 25 * 1.05)
  const shifted = maskOf(masks, 0, 3).alpha
  const middle = (mask: Uint8Array) =>
    mask.reduce((sum, cover, at) => sum + cover * (at % width), 0) /
    mask.reduce((sum, cover) => sum + cover, 0)
  expect(middle(shifted) - middle(alpha)).toBeCloseTo(0.75, 1)
})

/** Red, green and blue as light, 0 to 1. */
type Light = readonly [number, number, number]

const lightOf = (hex: string): Light =>
  [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  }) as unknown as Light

/** How eyes without one kind of cone see. Source: Machado, Oliveira and Fernandes, 2009, severity 1. */
const EYES: Record<string, readonly Light[]> = {
  all: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
}

/** Source: Ottosson, "A perceptual color space for image processing", 2020. */
function oklab([r, g, b]: Light): Light {
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ]
}

const contrast = (one: string, other: string) => {
  const [a, b] = [one, other]
    .map((hex) => lightOf(hex))
    .map(([r, g, b]) => 0.2126 * r + 0.7152 * g + 0.0722 * b) as [number, number]
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
}

/** What a style sheet says in the light theme, and what it says otherwise in the dark one. */
const parts = (path: string) => {
  const css = readFileSync(path, 'utf8')
  const dark = css.indexOf('[data-theme="dark"]')
  return { light: css.slice(0, dark), dark: css.slice(dark, css.indexOf('@media', dark)) }
}
const [tokens, own] = [parts('src/theme/tokens.css'), parts('src/seatmap/map.css')]
const plates = { light: '#ffffff', dark: '#171426' }

test.each(['light', 'dark'] as const)('levels in the %s theme differ to every eye and are seen', (theme) => {
  const color = (css: string, name: string) => new RegExp(`--${name}: (#[0-9a-f]{6})`).exec(css)![1]!
  const levels = [1, 2, 3, 4, 5, 6].map((at) => color(tokens[theme], `level-${at}`))
  for (const [at, level] of levels.entries()) {
    expect(contrast(level, plates[theme]), level).toBeGreaterThanOrEqual(3)
    expect(
      contrast(level, color(own[theme], `map-on-level-${at + 1}`)),
      `on ${level}`,
    ).toBeGreaterThanOrEqual(4.5)
    for (const other of levels.slice(0, at)) {
      for (const [eye, rows] of Object.entries(EYES)) {
        const sees = (hex: string) => {
          const light = lightOf(hex)
          return oklab(
            rows.map((row) =>
              Math.min(1, Math.max(0, row[0] * light[0] + row[1] * light[1] + row[2] * light[2])),
            ) as unknown as Light,
          )
        }
        const [a, b] = [sees(level), sees(other)]
        expect(
          Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]),
          `${level} and ${other} with ${eye}`,
        ).toBeGreaterThan(0.11)
      }
    }
  }
})
