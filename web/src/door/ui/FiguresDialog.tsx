import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import { serverNow } from '../../lib/clock'
import { Dialog } from '../../ui/Dialog'
import { Notice } from '../../ui/State'
import { figuresFrom, figuresOf } from '../core/figures'
import type { Pack, Scan } from '../core/types'
import styles from './Sheets.module.css'
import { useClock } from './words'

const MINUTES = 60
const REFRESH_MS = 15_000

type Props = { open: boolean; onClose: () => void; scans: readonly Scan[]; pack: Pack }

/** Who has come and who is still to come: by the server, or of this device where there is no network. */
export function FiguresDialog({ open, onClose, scans, pack }: Props) {
  const { t } = useTranslation('door')
  return (
    <Dialog open={open} onClose={onClose} title={t('figures.title')} wide>
      <Figures scans={scans} pack={pack} />
    </Dialog>
  )
}

function Figures({ scans, pack }: Pick<Props, 'scans' | 'pack'>) {
  const { t } = useTranslation('door')
  const clock = useClock(pack)
  const { organizerId: org, eventId: event } = pack
  const { data: told } = useQuery({
    queryKey: ['me', 'attendance', event],
    queryFn: ({ signal }) =>
      ok(
        api.GET('/api/v1/organizers/{org}/events/{event}/checkins/attendance', {
          params: { path: { org, event }, query: { minutes: MINUTES } },
          signal,
        }),
      ),
    staleTime: 0,
    refetchInterval: REFRESH_MS,
  })
  const own = figuresOf(scans, serverNow(), MINUTES)
  const { admitted, gates, minutes } = told ? figuresFrom(told, MINUTES) : own
  const { refused } = own
  const most = Math.max(1, ...minutes.map((minute) => minute.admitted))
  const busiest = minutes.find((minute) => minute.admitted === most)
  return (
    <div className={styles.figures}>
      {told ? (
        <p className={styles.quiet}>{t('figures.asOf', { time: clock(told.asOf) })}</p>
      ) : (
        <Notice>{t('figures.device')}</Notice>
      )}
      <div className={styles.bigs}>
        <p className={styles.big}>
          <strong>{admitted}</strong> {t('figures.admitted')}
        </p>
        {told && (
          <p className={styles.big}>
            <strong>{told.expected}</strong> {t('figures.expected')}
          </p>
        )}
      </div>
      <figure className={styles.chart}>
        <figcaption>{t('figures.minutes', { count: MINUTES })}</figcaption>
        <svg
          viewBox={`0 0 ${MINUTES * 4} 60`}
          preserveAspectRatio="none"
          aria-hidden="true"
          focusable="false"
        >
          {minutes.map((minute, at) => {
            const height = (minute.admitted / most) * 58
            return <rect key={minute.at} x={at * 4} y={60 - height} width="3" height={height} />
          })}
        </svg>
        <p className={styles.quiet}>
          {busiest
            ? t('figures.busiest', { count: busiest.admitted, time: clock(busiest.at) })
            : t('figures.quiet')}
        </p>
      </figure>
      <table className={styles.table}>
        <caption>{t('figures.gates')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('start.gate')}</th>
            <th scope="col">{t('scan.admitted')}</th>
            <th scope="col">{t('scan.refused')}</th>
          </tr>
        </thead>
        <tbody>
          {gates.map((one) => (
            <tr key={one.gate}>
              <th scope="row">{one.gate}</th>
              <td>{one.admitted}</td>
              <td>{one.refused}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {refused.length > 0 && (
        <table className={styles.table}>
          <caption>{t('figures.reasons')}</caption>
          <tbody>
            {refused.map(({ verdict, count }) => (
              <tr key={verdict}>
                <th scope="row">{t(`verdict.${verdict}.title`)}</th>
                <td>{count}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  )
}
