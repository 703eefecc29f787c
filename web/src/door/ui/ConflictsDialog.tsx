import { useTranslation } from 'react-i18next'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { EmptyState } from '../../ui/State'
import type { Door } from '../core/door'
import type { Scan } from '../core/types'
import { useDoorState } from '../useDoor'
import styles from './Sheets.module.css'
import { useClock, usePlace } from './words'

export const openConflicts = (scans: readonly Scan[]): Scan[] =>
  scans.filter(({ conflict, settled }) => conflict !== null && !settled)

/** Who was let in by a device alone and should not have been, with what to do about it. */
export function ConflictsDialog({ open, onClose, door }: { open: boolean; onClose: () => void; door: Door }) {
  const { t } = useTranslation('door')
  const { scans } = useDoorState(door)
  const conflicts = openConflicts(scans)
  return (
    <Dialog open={open} onClose={onClose} title={t('conflicts.title')} wide>
      {conflicts.length === 0 ? (
        <EmptyState icon="check" title={t('conflicts.none')} />
      ) : (
        <>
          <p>{t('conflicts.text')}</p>
          <ul className={styles.conflicts}>
            {conflicts.map((scan) => (
              <Conflict key={scan.scanId} scan={scan} door={door} />
            ))}
          </ul>
        </>
      )}
    </Dialog>
  )
}

function Conflict({ scan, door }: { scan: Scan; door: Door }) {
  const { t } = useTranslation('door')
  const { pack } = useDoorState(door)
  const clock = useClock(pack)
  const placeName = usePlace()
  const { conflict, place } = scan
  if (!conflict) return null
  const other = conflict.kind === 'not_taken' ? null : conflict.other
  const kind = conflict.kind === 'refused_later' ? `refused_${conflict.result}` : conflict.kind
  const values = {
    time: other ? clock(other.at) : '',
    gate: other?.gate ?? '',
    code: conflict.kind === 'not_taken' ? conflict.code : '',
  }
  return (
    <li>
      <h3>{place ? `${placeName(place)} · ${place.level}` : t('conflicts.noPlace')}</h3>
      <p>{t('conflicts.here', { time: clock(scan.scannedAt), gate: scan.gate })}</p>
      <p className={styles.strong}>
        {t([`conflicts.${kind}`, 'conflicts.refused_other'] as never, values) as string}
      </p>
      <p>{t([`conflicts.${kind}_do`, 'conflicts.other_do'] as never, values) as string}</p>
      <Button size="s" onClick={() => void door.settleConflict(scan)}>
        {t('conflicts.done')}
      </Button>
    </li>
  )
}
