import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import { useLocale } from '../../i18n'
import { formatTime } from '../../lib/time'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { Field } from '../../ui/Field'
import { Part } from '../kit/Head'
import kit from '../kit/kit.module.css'
import { Ready } from '../kit/List'
import { useRefusal } from '../kit/refusal'
import { Table } from '../kit/Table'
import type { Schemas } from '../types'
import { checksQuery } from './queries'

const NONE = {}
type Check = Schemas['StaffCheckView']

/** Identity checks that wait for somebody to decide. */
export function Checks() {
  const { t } = useTranslation('organizerPlatform')
  const locale = useLocale()
  const checks = useQuery(checksQuery)
  const [open, setOpen] = useState<Check>()
  return (
    <Part id="checks" title={t('checks')}>
      <Ready query={checks} lines={1}>
        {checks.data?.length === 0 && <p>{t('noChecks')}</p>}
        {checks.data && checks.data.length > 0 && (
          <Table
            caption={t('checks')}
            rows={checks.data}
            rowKey={(one) => one.check.id}
            columns={[
              { key: 'name', head: t('column.name'), heading: true, cell: (one) => one.name },
              {
                key: 'document',
                head: t('column.document'),
                cell: (one) => `${t(`document.${one.check.documentType}`)}, ${one.check.country}`,
              },
              { key: 'reference', head: t('column.reference'), cell: (one) => one.check.reference },
              {
                key: 'since',
                head: t('column.since'),
                cell: (one) => formatTime(one.check.submittedAt, locale, 'short'),
              },
              {
                key: 'do',
                head: <span className="visually-hidden">{t('column.do')}</span>,
                cell: (one) => (
                  <Button
                    size="s"
                    aria-label={t('decideWho', { name: one.name })}
                    onClick={() => setOpen(one)}
                  >
                    {t('decide')}
                  </Button>
                ),
              },
            ]}
          />
        )}
      </Ready>
      {open && <Decide check={open} onClose={() => setOpen(undefined)} />}
    </Part>
  )
}

function Decide({ check: { check, name }, onClose }: { check: Check; onClose: () => void }) {
  const { t } = useTranslation('organizerPlatform')
  const client = useQueryClient()
  const [reason, setReason] = useState('')
  const decide = useMutation({
    mutationFn: (decision: Schemas['Decision']) =>
      ok(
        api.POST('/api/v1/platform/kyc/{check}/decision', {
          params: { path: { check: check.id } },
          body: decision === 'rejected' ? { decision, reason: reason.trim() } : { decision },
        }),
      ),
    onSuccess: async () => {
      onClose()
      await client.invalidateQueries({ queryKey: checksQuery.queryKey })
    },
  })
  const refusal = useRefusal(NONE, decide.error)
  return (
    <Dialog open title={name} onClose={onClose} locked={decide.isPending}>
      <form className={kit.stack} onSubmit={(event: FormEvent) => event.preventDefault()} noValidate>
        <dl className={kit.facts}>
          <dt>{t('column.document')}</dt>
          <dd>
            {t(`document.${check.documentType}`)}, {check.country}
          </dd>
          <dt>{t('column.reference')}</dt>
          <dd>{check.reference}</dd>
        </dl>
        <Field
          label={t('decisionReason')}
          hint={t('decisionReasonHint')}
          value={reason}
          maxLength={200}
          error={refusal.at('reason')}
          onChange={(event) => setReason(event.target.value)}
        />
        {refusal.rest()}
        <div className={kit.buttons}>
          <Button variant="primary" busy={decide.isPending} onClick={() => decide.mutate('verified')}>
            {t('verify')}
          </Button>
          <Button variant="danger" busy={decide.isPending} onClick={() => decide.mutate('rejected')}>
            {t('reject')}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
