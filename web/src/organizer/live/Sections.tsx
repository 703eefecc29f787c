import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useLocale } from '../../i18n'
import { Button } from '../../ui/Button'
import { Part } from '../kit/Head'
import { type SectionCounts, shareOf } from '../sections'
import styles from './Live.module.css'

/** The fullest ones tell most; the others are a press away. */
const SHOWN = 12

/** How full each section is, the fullest first. */
export function Sections({ counts }: { counts: readonly SectionCounts[] }) {
  const { t } = useTranslation('organizerLive')
  const locale = useLocale()
  const number = new Intl.NumberFormat(locale)
  const [isAll, setAll] = useState(false)
  const taken = (section: SectionCounts) => shareOf(section, section.capacity - section.available)
  const sorted = counts.toSorted((a, b) => taken(b) - taken(a) || a.name.localeCompare(b.name, locale))
  const shown = isAll ? sorted : sorted.slice(0, SHOWN)
  return (
    <Part id="sections" title={t('sections')}>
      <ul className={styles.sections}>
        {shown.map((section) => {
          const share = (part: number) => `${shareOf(section, part) * 100}%`
          return (
            <li key={`${section.isArea}-${section.id}`} className={styles.section}>
              <strong>{section.name}</strong>
              <small>
                {section.taken
                  ? t('areaLine', {
                      taken: number.format(section.taken),
                      available: number.format(section.available),
                    })
                  : t('sectionLine', {
                      sold: number.format(section.sold),
                      held: number.format(section.held),
                      available: number.format(section.available),
                    })}
              </small>
              <span className={styles.track} aria-hidden="true">
                <span className={styles.sold} style={{ inlineSize: share(section.sold + section.taken) }} />
                <span className={styles.held} style={{ inlineSize: share(section.held) }} />
                <span style={{ inlineSize: share(section.available) }} />
                <span className={styles.blocked} style={{ inlineSize: share(section.blocked) }} />
              </span>
            </li>
          )
        })}
      </ul>
      {sorted.length > SHOWN && (
        <div>
          <Button size="s" aria-expanded={isAll} onClick={() => setAll(!isAll)}>
            {t(isAll ? 'fewer' : 'all', { count: sorted.length })}
          </Button>
        </div>
      )}
    </Part>
  )
}
