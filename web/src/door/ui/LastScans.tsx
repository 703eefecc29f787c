import { useTranslation } from 'react-i18next'
import { cx } from '../../ui/cx'
import { toneOf } from '../core/judge'
import type { Pack, Scan } from '../core/types'
import styles from './LastScans.module.css'
import { VerdictMark } from './VerdictMark'
import { useClock, usePlace, useWords } from './words'

/** More are in the figures; here somebody only looks back at who has just been here. */
const SHOWN = 30

type Props = { scans: readonly Scan[]; pack: Pack; onOpen: (scan: Scan) => void }

export function LastScans({ scans, pack, onOpen }: Props) {
  const { t } = useTranslation('door')
  const words = useWords(pack)
  const clock = useClock(pack)
  const placeName = usePlace()
  const last = scans.slice(-SHOWN).reverse()
  if (last.length === 0) return <p className={styles.empty}>{t('scan.none')}</p>
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls is reached by keys, too
    <section className={styles.list} aria-label={t('scan.last')} tabIndex={0}>
      <ol>
        {last.map((scan) => (
          <li key={scan.scanId}>
            <button type="button" className={styles.scan} onClick={() => onOpen(scan)}>
              <span className={cx(styles.mark, styles[toneOf(scan.verdict)])}>
                <VerdictMark verdict={scan.verdict} size={30} />
              </span>
              <span className={styles.what}>
                <strong>{words(scan).title}</strong>
                <span>
                  {scan.place ? `${placeName(scan.place)} · ${scan.place.level}` : t(`list.${scan.state}`)}
                </span>
              </span>
              <time dateTime={scan.scannedAt}>{clock(scan.scannedAt)}</time>
            </button>
          </li>
        ))}
      </ol>
    </section>
  )
}
