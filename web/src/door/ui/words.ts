import type { TFunction } from 'i18next'
import { useTranslation } from 'react-i18next'
import { useLocale } from '../../i18n'
import { formatTime } from '../../lib/time'
import { admits } from '../core/judge'
import type { Pack, Place, Scan } from '../core/types'

export type Words = {
  title: string
  /** For staff: what is the matter. */
  staff: string
  /** What they can say to the guest; nothing where there is nothing to say. */
  guest: string | undefined
}

/** Times by the clock of the venue; the day only where it is another one. */
export function useClock(pack: Pick<Pack, 'timeZone'>): (at: string | number) => string {
  const locale = useLocale()
  return (at) => {
    const moment = new Date(at).toISOString()
    const day = (time: string) => formatTime(time, locale, 'day', pack.timeZone)
    const isToday = day(moment) === day(new Date().toISOString())
    return formatTime(moment, locale, isToday ? 'clock' : 'short', pack.timeZone)
  }
}

/** A place as staff say it to the guest. */
export function usePlace(): (place: Place) => string {
  const { t } = useTranslation('door')
  return ({ section, row, label }) =>
    row && label
      ? t('place.seat', { section, row, label })
      : label
        ? t('place.label', { section, label })
        : section
}

/** What a verdict means, to staff and to the guest. */
export function useWords(pack: Pack): (scan: Scan) => Words {
  const { t } = useTranslation('door')
  const clock = useClock(pack)
  return (scan) => wordsOf(scan, pack, t as TFunction, clock)
}

function wordsOf(scan: Scan, pack: Pack, t: TFunction, clock: (at: string | number) => string): Words {
  const { verdict, earlier, shownAt, ticketEventId } = scan
  const { opens, closes } = admits(pack)
  const other = ticketEventId ? pack.otherEvents[ticketEventId] : undefined
  const values = {
    gate: earlier?.gate ?? '',
    time: earlier ? clock(earlier.at) : '',
    opens: clock(opens),
    closes: clock(closes),
    event: other ?? '',
    here: pack.eventName,
    shown: shownAt ? clock(shownAt) : '',
  }
  const say = (what: string) => t(`verdict.${verdict}.${what}`, values)
  if (verdict === 'not_live') return { title: say('title'), staff: say(staffOf(scan)), guest: say('guest') }
  const isVague = (verdict === 'already_used' && !earlier) || (verdict === 'wrong_event' && !other)
  return {
    title: say('title'),
    staff: say(isVague ? 'staffVague' : 'staff'),
    guest: verdict === 'admitted' ? undefined : say('guest'),
  }
}

/** Why a barcode is not live. One from a time to come is no picture: a clock is wrong. */
function staffOf({ shownAt, scannedAt }: Scan): 'staffPrint' | 'staffOld' | 'staffAhead' {
  if (!shownAt) return 'staffPrint'
  return Date.parse(shownAt) > Date.parse(scannedAt) ? 'staffAhead' : 'staffOld'
}
