import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../../ui/Button'
import { Field, Select } from '../../ui/Field'
import kit from '../kit/kit.module.css'
import { fromWall, toWall } from '../zones'
import { type OrderSearch, STATUSES } from './search'

const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone
const EMAIL = /^\S+@\S+\.\S+$/

type Props = {
  search: OrderSearch
  onSearch: (search: OrderSearch) => void
  /** Whose orders are looked for; nothing to look for them where it is left out. */
  email?: string | undefined
  onEmail?: (email: string | undefined) => void
}

/** Narrows a list of orders down by what became of them, when they were placed, and who bought. */
export function OrderFilters({ search, onSearch, email, onEmail }: Props) {
  const { t } = useTranslation('organizerOrders')
  const [draft, setDraft] = useState(email ?? '')
  const [fault, setFault] = useState('')
  const find = (submitted: FormEvent) => {
    submitted.preventDefault()
    const typed = draft.trim()
    if (typed && !EMAIL.test(typed)) return setFault(t('find.noEmail'))
    onEmail?.(typed || undefined)
  }
  const time = (name: 'from' | 'to') => ({
    type: 'datetime-local',
    label: t(`find.${name}`),
    value: search[name] ? toWall(search[name], ZONE) : '',
    onChange: (change: { target: { value: string } }) =>
      onSearch({ ...search, [name]: fromWall(change.target.value, ZONE) }),
  })
  const isNarrowed = !!(search.status || search.from || search.to || email)
  return (
    <>
      <div className={kit.toolbar}>
        <Select
          label={t('column.status')}
          value={search.status ?? ''}
          onChange={(choice) =>
            onSearch({ ...search, status: STATUSES.find((status) => status === choice.target.value) })
          }
        >
          <option value="">{t('everyStatus')}</option>
          {STATUSES.map((status) => (
            <option key={status} value={status}>
              {t(`organizer:orderStatus.${status}`)}
            </option>
          ))}
        </Select>
        <Field {...time('from')} />
        <Field {...time('to')} />
      </div>
      <div className={kit.toolbar}>
        {onEmail && (
          <form className={kit.toolbar} onSubmit={find} noValidate>
            <Field
              type="email"
              label={t('find.email')}
              hint={t('find.emailHint')}
              value={draft}
              autoComplete="off"
              spellCheck={false}
              error={fault}
              onChange={(change) => {
                setDraft(change.target.value)
                setFault('')
              }}
            />
            <Button type="submit">{t('find.find')}</Button>
          </form>
        )}
        {isNarrowed && (
          <Button
            variant="quiet"
            onClick={() => {
              setDraft('')
              setFault('')
              onEmail?.(undefined)
              onSearch({ event: search.event })
            }}
          >
            {t('find.clear')}
          </Button>
        )}
      </div>
    </>
  )
}
