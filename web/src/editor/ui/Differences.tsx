import { useTranslation } from 'react-i18next'
import { type Difference, isSame } from '../model/compare'
import styles from './Dialogs.module.css'

/** Names of so many seats are written out. */
const NAMED = 5

export function useSeatList(): (seats: readonly string[]) => string {
  const { t } = useTranslation('editor')
  return (seats) => {
    if (seats.length <= NAMED) return seats.join(', ')
    return t('difference.seats', { first: seats.slice(0, NAMED).join(', '), count: seats.length - NAMED })
  }
}

/** What one version has that another has not. */
export function Differences({ difference }: { difference: Difference }) {
  const { t } = useTranslation('editor')
  const list = useSeatList()
  if (isSame(difference)) return <p>{t('difference.same')}</p>
  const kinds = ['added', 'removed', 'renamed', 'moved', 'relevelled', 'areas'] as const
  return (
    <dl className={styles.differences}>
      {kinds.map((kind) =>
        difference[kind].length > 0 ? (
          <div key={kind} data-kind={kind}>
            <dt>
              <strong>{difference[kind].length}</strong> {t(`difference.${kind}`)}
            </dt>
            <dd>{list(difference[kind])}</dd>
          </div>
        ) : null,
      )}
      {difference.levels && (
        <div>
          <dt>{t('difference.levels')}</dt>
          <dd />
        </div>
      )}
    </dl>
  )
}
