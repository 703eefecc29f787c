import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { useLocale } from '../../i18n'
import { formatTime } from '../../lib/time'
import { Card } from '../../ui/Page'
import { EmptyState } from '../../ui/State'
import { useOrganizer } from '../frame/context'
import { Head } from '../kit/Head'
import kit from '../kit/kit.module.css'
import { Ready } from '../kit/List'
import { Table } from '../kit/Table'
import { useStock } from '../overview/useStock'
import { contractsQuery } from '../queries'

/** Who gets which share of what is taken. Agreed with the platform, so there is nothing to change here. */
export function ContractsPage() {
  const { t } = useTranslation('organizerStaff')
  const locale = useLocale()
  const here = useOrganizer()
  const stock = useStock(here.id)
  const contracts = useQuery(contractsQuery(here.id))
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 2 })
  return (
    <>
      <Head title={t('contracts.title')}>{t('contracts.lead')}</Head>
      <Ready query={contracts}>
        {contracts.data?.length === 0 && (
          <EmptyState icon="print" title={t('contracts.none')}>
            {t('contracts.noneText')}
          </EmptyState>
        )}
        {contracts.data?.map((contract) => (
          <Card key={contract.id}>
            <div>
              <h2>
                {contract.eventId
                  ? (stock.events.find(({ id }) => id === contract.eventId)?.name ?? contract.eventId)
                  : t('allEvents')}
              </h2>
              <p className={kit.note}>
                {t('contracts.version', { version: contract.version })} ·{' '}
                {formatTime(contract.validFrom, locale, 'short')} –{' '}
                {contract.validUntil ? formatTime(contract.validUntil, locale, 'short') : t('contracts.open')}
              </p>
            </div>
            <Table
              caption={t('contracts.shares')}
              rows={contract.shares}
              rowKey={(share) => share.party}
              columns={[
                { key: 'party', head: t('contracts.party'), heading: true, cell: (share) => share.party },
                {
                  key: 'face',
                  head: t('contracts.face'),
                  numeric: true,
                  cell: (share) => percent.format(share.faceValueBasisPoints / 10_000),
                },
                {
                  key: 'fee',
                  head: t('contracts.fee'),
                  numeric: true,
                  cell: (share) => percent.format(share.feeBasisPoints / 10_000),
                },
              ]}
            />
          </Card>
        ))}
      </Ready>
    </>
  )
}
