import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import type { Ticket } from '../../api/types'
import { useProblemMessage } from '../../i18n/problem'
import { placeOf } from '../../lib/seat'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { Notice } from '../../ui/State'
import { toast } from '../../ui/Toast'
import styles from './TicketDialog.module.css'
import { myTicketsQuery } from './ticketQueries'

/** Whose phone or print is lost gets another barcode; whoever finds the old one is not let in by it. */
export function ReissueDialog({ ticket, onClose }: { ticket: Ticket; onClose: () => void }) {
  const { t } = useTranslation('tickets')
  const message = useProblemMessage()
  const client = useQueryClient()
  // One key for one intention: asked again after a lost answer, the barcode changes once.
  const key = useRef(crypto.randomUUID())
  const reissue = useMutation({
    mutationFn: () =>
      ok(
        api.POST('/api/v1/tickets/{ticket}/reissue', {
          params: { path: { ticket: ticket.id }, header: { 'Idempotency-Key': key.current } },
        }),
      ),
    onSuccess: async () => {
      // Not shown again before it is known which barcode is the good one.
      await client.invalidateQueries({ queryKey: myTicketsQuery.queryKey })
      toast(t('reissued'), { tone: 'good' })
      onClose()
    },
  })
  return (
    <Dialog open onClose={onClose} title={t('reissue')} locked={reissue.isPending}>
      <p>{t('reissueText', { place: placeOf(ticket, t) })}</p>
      {reissue.isError && <Notice tone="bad">{message(reissue.error)}</Notice>}
      <div className={styles.actions}>
        <Button variant="primary" busy={reissue.isPending} onClick={() => reissue.mutate()}>
          {t('reissueDo')}
        </Button>
        <Button variant="quiet" onClick={onClose}>
          {t('common:action.back')}
        </Button>
      </div>
    </Dialog>
  )
}
