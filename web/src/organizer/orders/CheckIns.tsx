import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { useLocale } from '../../i18n'
import { formatTime } from '../../lib/time'
import { useEvent } from '../events/EventFrame'
import { useOrganizer } from '../frame/context'
import { Part } from '../kit/Head'
import { Ready } from '../kit/List'
import { Stat, Stats } from '../kit/Stat'
import { Table } from '../kit/Table'
import { attendanceQuery } from '../queries'

/** Often enough to see a queue grow, seldom enough to leave the budget to the scanners. */
const REFRESH_MS = 15_000

/** How it goes at the doors: who is inside, who is still to come, and what each gate does. */
export function CheckIns() {
  const { t } = useTranslation('organizerOrders')
  const locale = useLocale()
  const here = useOrganizer()
  const { event, zone } = useEvent()
  const number = new Intl.NumberFormat(locale)
  const percent = new Intl.NumberFormat(locale, { style: 'percent' })
  const attendance = useQuery({ ...attendanceQuery(here.id, event.id), refetchInterval: REFRESH_MS })
  const now = attendance.data
  const good = now ? now.expected + now.admitted : 0
  return (
    <Part
      id="checkins"
      title={t('checkIns')}
      note={now && t('countedAt', { time: formatTime(now.asOf, locale, 'clock', zone) })}
    >
      <Ready query={attendance} lines={1}>
        {now && (
          <>
            <Stats>
              <Stat
                label={t('inside')}
                value={number.format(now.admitted)}
                note={good > 0 && percent.format(now.admitted / good)}
              />
              <Stat label={t('awaited')} value={number.format(now.expected)} />
              <Stat label={t('comes')} value={number.format(good)} />
            </Stats>
            {now.gates.length > 0 && (
              <Table
                caption={t('checkIns')}
                rows={now.gates}
                rowKey={(one) => one.gate}
                columns={[
                  { key: 'gate', head: t('column.gate'), heading: true, cell: (one) => one.gate },
                  {
                    key: 'admitted',
                    head: t('column.admitted'),
                    numeric: true,
                    cell: (one) => number.format(one.admitted),
                  },
                  {
                    key: 'refused',
                    head: t('column.turnedAway'),
                    numeric: true,
                    cell: (one) => number.format(one.refused),
                  },
                  {
                    key: 'last',
                    head: t('column.lastScan'),
                    cell: (one) => one.lastAt && formatTime(one.lastAt, locale, 'clock', zone),
                  },
                ]}
              />
            )}
          </>
        )}
      </Ready>
    </Part>
  )
}
