import { queryOptions, useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import type { EventPage, Ticket } from '../../api/types'
import { buttonClass } from '../../ui/Button'
import { Icon } from '../../ui/Icon'

/** Google takes the pass from the link itself, so that it is another one with every barcode. */
const googleLinkQuery = ({ id, version }: Ticket) =>
  queryOptions({
    queryKey: ['me', 'wallet', id, version],
    // Each is signed for itself, and says the same.
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: ({ signal }) =>
      ok(api.GET('/api/v1/tickets/{ticket}/wallet/google', { params: { path: { ticket: id } }, signal })),
  })

/** Puts the ticket into the wallet of a phone, where the box office has an account with one. */
export function WalletLinks({ ticket, event }: { ticket: Ticket; event: EventPage | undefined }) {
  const { t } = useTranslation('tickets')
  // What was kept by an older app names none.
  const wallets = event?.wallets ?? []
  const google = useQuery({ ...googleLinkQuery(ticket), enabled: wallets.includes('google') })
  return (
    <>
      {wallets.includes('apple') && (
        <a className={buttonClass({ size: 's' })} href={`/api/v1/tickets/${ticket.id}/wallet/apple`}>
          <Icon name="wallet" /> {t('appleWallet')}
        </a>
      )}
      {google.data && (
        <a className={buttonClass({ size: 's' })} href={google.data.url} target="_blank" rel="noreferrer">
          <Icon name="wallet" /> {t('googleWallet')}
        </a>
      )}
    </>
  )
}
