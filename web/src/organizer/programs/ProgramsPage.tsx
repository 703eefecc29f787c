import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useLocale } from '../../i18n'
import { formatTime } from '../../lib/time'
import { Button } from '../../ui/Button'
import { useOrganizer } from '../frame/context'
import { Head, Part } from '../kit/Head'
import kit from '../kit/kit.module.css'
import { Ready } from '../kit/List'
import { Tag } from '../kit/Status'
import { Table } from '../kit/Table'
import { apiKeysQuery, clientsQuery } from '../queries'
import type { ApiKey, Client } from '../types'
import { ClientForm } from './ClientForm'
import { EndDialog, type Ended } from './EndDialog'
import { KeyForm } from './KeyForm'
import { Rotate } from './Rotate'
import { type Secret, SecretDialog } from './SecretDialog'

type Open = { kind: 'newKey' | 'newClient' } | { kind: 'end'; what: Ended } | { kind: 'rotate'; what: Ended }

/** What of other people's software may do here, and with which secrets. */
export function ProgramsPage() {
  const { t } = useTranslation('organizerStaff')
  const here = useOrganizer()
  const client = useQueryClient()
  const keys = useQuery(apiKeysQuery(here.id))
  const clients = useQuery(clientsQuery(here.id))
  const [open, setOpen] = useState<Open>()
  const [secret, setSecret] = useState<Secret>()
  const canEdit = here.may('editPrograms')
  const close = () => setOpen(undefined)
  const done = async (made?: Secret) => {
    close()
    setSecret(made)
    await client.invalidateQueries({ queryKey: ['me', 'org', here.id] })
  }
  return (
    <>
      <Head title={t('programs.title')}>{t('programs.lead')}</Head>
      <Part
        id="keys"
        title={t('programs.keys')}
        note={t('programs.keysNote')}
        actions={
          canEdit && (
            <Button size="s" variant="primary" onClick={() => setOpen({ kind: 'newKey' })}>
              {t('programs.newKey')}
            </Button>
          )
        }
      >
        <Ready query={keys}>
          {keys.data?.length === 0 && <p>{t('programs.noKeys')}</p>}
          {keys.data && keys.data.length > 0 && (
            <Keys keys={keys.data} onOpen={canEdit ? setOpen : undefined} />
          )}
        </Ready>
      </Part>
      <Part
        id="clients"
        title={t('programs.clients')}
        note={t('programs.clientsNote')}
        actions={
          canEdit && (
            <Button size="s" variant="primary" onClick={() => setOpen({ kind: 'newClient' })}>
              {t('programs.newClient')}
            </Button>
          )
        }
      >
        <Ready query={clients}>
          {clients.data?.length === 0 && <p>{t('programs.noClients')}</p>}
          {clients.data && clients.data.length > 0 && (
            <Clients clients={clients.data} onOpen={canEdit ? setOpen : undefined} />
          )}
        </Ready>
      </Part>
      {open?.kind === 'newKey' && <KeyForm onDone={done} onClose={close} />}
      {open?.kind === 'newClient' && <ClientForm onDone={done} onClose={close} />}
      {open?.kind === 'end' && <EndDialog what={open.what} onDone={() => done()} onClose={close} />}
      {open?.kind === 'rotate' && <Rotate what={open.what} onDone={done} onClose={close} />}
      {secret && <SecretDialog secret={secret} onClose={() => setSecret(undefined)} />}
    </>
  )
}

function Keys({ keys, onOpen }: { keys: readonly ApiKey[]; onOpen: ((open: Open) => void) | undefined }) {
  const { t } = useTranslation('organizerStaff')
  const locale = useLocale()
  return (
    <Table
      caption={t('programs.keys')}
      rows={keys}
      rowKey={(key) => key.id}
      columns={[
        {
          key: 'name',
          head: t('programs.name'),
          heading: true,
          cell: (key) => (
            <>
              {key.name} <span className={kit.code}>{key.hint}</span>
            </>
          ),
        },
        {
          key: 'scopes',
          head: t('programs.scopes'),
          cell: (key) => <span className={kit.code}>{key.scopes.join(' ')}</span>,
        },
        {
          key: 'used',
          head: t('programs.used'),
          cell: (key) => (key.usedOn ? formatTime(key.usedOn, locale, 'day') : t('programs.never')),
        },
        {
          key: 'expires',
          head: t('programs.expires'),
          cell: (key) => (key.expiresAt ? formatTime(key.expiresAt, locale, 'day') : t('programs.openEnd')),
        },
        {
          key: 'maker',
          head: t('programs.maker'),
          cell: (key) => !key.madeBy.isMember && <Tag tone="warn">{t('programs.makerGone')}</Tag>,
        },
        ...actions(onOpen, (key: ApiKey) => ({ kind: 'key', id: key.id, name: key.name }), t),
      ]}
    />
  )
}

function Clients({
  clients,
  onOpen,
}: {
  clients: readonly Client[]
  onOpen: ((open: Open) => void) | undefined
}) {
  const { t } = useTranslation('organizerStaff')
  return (
    <Table
      caption={t('programs.clients')}
      rows={clients}
      rowKey={(one) => one.id}
      columns={[
        {
          key: 'name',
          head: t('programs.name'),
          heading: true,
          cell: (one) => (
            <>
              {one.name} <span className={kit.code}>{one.id}</span>
            </>
          ),
        },
        { key: 'kind', head: t('programs.kind'), cell: (one) => t(`programs.kinds.${one.kind}`) },
        {
          key: 'scopes',
          head: t('programs.scopes'),
          cell: (one) => <span className={kit.code}>{one.scopes.join(' ')}</span>,
        },
        {
          key: 'approved',
          head: t('programs.approved'),
          cell: (one) => (
            <Tag tone={one.approvedAt ? 'good' : 'warn'}>
              {t(one.approvedAt ? 'programs.isApproved' : 'programs.notApproved')}
            </Tag>
          ),
        },
        ...actions(
          onOpen,
          (one: Client) => ({ kind: 'client', id: one.id, name: one.name, isPublic: one.kind === 'public' }),
          t,
        ),
      ]}
    />
  )
}

function actions<Row>(
  onOpen: ((open: Open) => void) | undefined,
  ended: (row: Row) => Ended,
  t: (key: string, values?: Record<string, string>) => string,
) {
  if (!onOpen) return []
  return [
    {
      key: 'do',
      head: <span className="visually-hidden">{t('column.do')}</span>,
      cell: (row: Row) => {
        const what = ended(row)
        return (
          <>
            {!what.isPublic && (
              <Button
                size="s"
                variant="quiet"
                aria-label={t('programs.rotateWhat', { name: what.name })}
                onClick={() => onOpen({ kind: 'rotate', what })}
              >
                {t('programs.rotate')}
              </Button>
            )}
            <Button
              size="s"
              variant="quiet"
              aria-label={t('programs.endWhat', { name: what.name })}
              onClick={() => onOpen({ kind: 'end', what })}
            >
              {t('programs.end')}
            </Button>
          </>
        )
      },
    },
  ]
}
