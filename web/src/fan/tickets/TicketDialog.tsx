import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { EventPage, Ticket } from '../../api/types'
import { placeOf } from '../../lib/seat'
import { Button, buttonClass } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { EventTime } from '../../ui/EventTime'
import { Icon } from '../../ui/Icon'
import { Notice } from '../../ui/State'
import { LiveBarcode } from './LiveBarcode'
import { ReissueDialog } from './ReissueDialog'
import styles from './TicketDialog.module.css'
import { TransferForm } from './TransferForm'
import { admits } from './ticketQueries'
import { WalletLinks } from './WalletLinks'

type Props = {
  ticket: Ticket
  event: EventPage | undefined
  /** The tickets of the same event that still admit, in order: the next person's is one press away. */
  siblings: readonly Ticket[]
  offline: boolean
  onShow: (ticket: string) => void
  onClose: () => void
}

/** One ticket as the door wants to see it: large, black on white, whatever the theme. */
export function TicketDialog({ ticket, event, siblings, offline, onShow, onClose }: Props) {
  const { t } = useTranslation('tickets')
  const [doing, setDoing] = useState<'transfer' | 'reissue'>()
  const index = siblings.findIndex((other) => other.id === ticket.id)
  const [before, after] = [siblings[index - 1], siblings[index + 1]]
  const back = () => setDoing(undefined)
  if (doing === 'reissue') return <ReissueDialog ticket={ticket} onClose={back} />
  if (doing === 'transfer')
    return (
      <Dialog open onClose={back} title={t('transfer')}>
        <TransferForm
          ticket={ticket}
          onDone={() => {
            back()
            onClose()
          }}
        />
      </Dialog>
    )
  return (
    <Dialog open onClose={onClose} title={event?.name ?? t('ticket')}>
      <div className={styles.ticket}>
        {admits(ticket) ? (
          <LiveBarcode key={`${ticket.id} ${ticket.version}`} ticket={ticket} event={event} />
        ) : (
          <Notice tone="warn">{t(`statusText.${ticket.status}` as 'statusText.refunded')}</Notice>
        )}
        {ticket.status === 'used' && <Notice tone="good">{t('statusText.used')}</Notice>}
        <dl className={styles.facts}>
          <div className={styles.place}>
            <dt>{t('place')}</dt>
            <dd>{placeOf(ticket, t)}</dd>
          </div>
          <div>
            <dt>{t('level')}</dt>
            <dd>{ticket.levelName}</dd>
          </div>
          {event && (
            <div>
              <dt>{t('when')}</dt>
              <dd>
                <EventTime at={event.startsAt} zone={event.timeZone} />
              </dd>
            </div>
          )}
        </dl>
      </div>
      {siblings.length > 1 && index >= 0 && (
        <div className={styles.pager}>
          <Button disabled={!before} onClick={() => before && onShow(before.id)} aria-label={t('previous')}>
            <Icon name="back" />
          </Button>
          <p role="status">{t('nth', { n: index + 1, count: siblings.length })}</p>
          <Button disabled={!after} onClick={() => after && onShow(after.id)} aria-label={t('next')}>
            <Icon name="next" />
          </Button>
        </div>
      )}
      {admits(ticket) && !offline && (
        <div className={styles.actions}>
          {event?.barcodes !== 'live' && (
            <a className={buttonClass({ size: 's' })} href={`/api/v1/tickets/${ticket.id}/pdf`} download>
              <Icon name="print" /> {t('pdf')}
            </a>
          )}
          <WalletLinks ticket={ticket} event={event} />
          {ticket.status === 'issued' && (
            <>
              <Button size="s" onClick={() => setDoing('transfer')}>
                <Icon name="send" /> {t('transfer')}
              </Button>
              <Button size="s" onClick={() => setDoing('reissue')}>
                <Icon name="key" /> {t('reissue')}
              </Button>
            </>
          )}
          <Link
            className={buttonClass({ size: 's' })}
            to="/orders/$orderId"
            params={{ orderId: ticket.orderId }}
            search={{}}
          >
            <Icon name="refund" /> {t('order')}
          </Link>
        </div>
      )}
    </Dialog>
  )
}
