import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { useLocale } from '../../i18n'
import { placeOf } from '../../lib/seat'
import { formatTime } from '../../lib/time'
import { Dialog } from '../../ui/Dialog'
import { Money } from '../../ui/Money'
import { useOrganizer } from '../frame/context'
import kit from '../kit/kit.module.css'
import { Ready } from '../kit/List'
import { TicketStatus } from '../kit/Status'
import { soldTicketQuery } from '../queries'
import styles from './Orders.module.css'

/** A ticket and what became of it: for a quarrel at the door. */
export function TicketDialog({ ticket: id, onClose }: { ticket: string; onClose: () => void }) {
  const { t } = useTranslation('organizerOrders')
  const locale = useLocale()
  const here = useOrganizer()
  const sold = useQuery(soldTicketQuery(here.id, id))
  const ticket = sold.data?.ticket
  return (
    <Dialog open title={ticket ? placeOf(ticket, t) : t('ticket')} onClose={onClose}>
      <Ready query={sold}>
        {sold.data && ticket && (
          <>
            <dl className={kit.facts}>
              <dt>{t('column.status')}</dt>
              <dd>
                <TicketStatus status={ticket.status} />
              </dd>
              <dt>{t('fact.level')}</dt>
              <dd>
                {ticket.levelName}, {ticket.ticketType}
              </dd>
              <dt>{t('fact.faceValue')}</dt>
              <dd>
                <Money value={ticket.faceValue} />
              </dd>
              <dt>{t('fact.issued')}</dt>
              <dd>{formatTime(ticket.issuedAt, locale, 'short')}</dd>
              <dt>{t('fact.ticket')}</dt>
              <dd className={kit.code}>{ticket.id}</dd>
            </dl>
            <section className={kit.stack}>
              <h3>{t('changes')}</h3>
              {sold.data.changes.length === 0 && <p className={kit.note}>{t('noChanges')}</p>}
              <ol className={styles.trail}>
                {sold.data.changes.map((change) => (
                  <li key={change.at + change.kind}>
                    <strong>{t(`change.${change.kind}`)}</strong> {formatTime(change.at, locale, 'short')}
                    {change.reason && <span className={kit.note}>{change.reason}</span>}
                  </li>
                ))}
              </ol>
              <h3>{t('scans')}</h3>
              {sold.data.scans.length === 0 && <p className={kit.note}>{t('noScans')}</p>}
              <ol className={styles.trail}>
                {sold.data.scans.map((scan) => (
                  <li key={scan.scanId}>
                    <strong>{t(`scan.${scan.result}`, { defaultValue: scan.result })}</strong>{' '}
                    {formatTime(scan.scannedAt, locale, 'short')}
                    <span className={kit.note}>{scan.gate}</span>
                  </li>
                ))}
              </ol>
            </section>
          </>
        )}
      </Ready>
    </Dialog>
  )
}
