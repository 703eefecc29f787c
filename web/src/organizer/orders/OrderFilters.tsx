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

const timesOf = ({ from, to }: OrderSearch) => ({
  from: from ? toWall(from, ZONE) : '',
  to: to ? toWall(to, ZONE) : '',
})

/**
 * Narrows a list of orders down by what became of them, when they were placed, and who bought. What is typed counts
 * when it is submitted: of a time that is half typed there are no orders, and each look at a buyer is recorded.
 */
export function OrderFilters({ search, onSearch, email, onEmail }: Props) {
  const { t } = useTranslation('organizerOrders')
  const [draft, setDraft] = useState({ ...timesOf(search), email: email ?? '' })
  const [fault, setFault] = useState('')
  const [shown, setShown] = useState(search)
  // The address of the page was changed by a link, not here.
  if (shown.from !== search.from || shown.to !== search.to) {
    setShown(search)
    setDraft({ ...draft, ...timesOf(search) })
  }
  const find = (submitted: FormEvent) => {
    submitted.preventDefault()
    const typed = draft.email.trim()
    if (typed && !EMAIL.test(typed)) return setFault(t('find.noEmail'))
    onEmail?.(typed || undefined)
    onSearch({ ...search, from: fromWall(draft.from, ZONE), to: fromWall(draft.to, ZONE) })
  }
  const time = (name: 'from' | 'to') => ({
    type: 'datetime-local',
    label: t(`find.${name}`),
    value: draft[name],
    onChange: (change: { target: { value: string } }) => setDraft({ ...draft, [name]: change.target.value }),
  })
  const isNarrowed = !!(search.status || search.from || search.to || email)
  return (
    <form className={kit.toolbar} onSubmit={find} noValidate>
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
      {onEmail && (
        <Field
          type="email"
          label={t('find.email')}
          hint={t('find.emailHint')}
          value={draft.email}
          autoComplete="off"
          spellCheck={false}
          error={fault}
          onChange={(change) => {
            setDraft({ ...draft, email: change.target.value })
            setFault('')
          }}
        />
      )}
      <Button type="submit">{t('find.find')}</Button>
      {isNarrowed && (
        <Button
          variant="quiet"
          onClick={() => {
            setDraft({ from: '', to: '', email: '' })
            setFault('')
            onEmail?.(undefined)
            onSearch({ event: search.event })
          }}
        >
          {t('find.clear')}
        </Button>
      )}
    </form>
  )
}
