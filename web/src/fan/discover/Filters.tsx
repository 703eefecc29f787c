import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Button } from '../../ui/Button'
import { Field, Select } from '../../ui/Field'
import { venuesQuery } from '../queries'
import { type DiscoverSearch, EVENT_TYPES } from '../search'
import styles from './Filters.module.css'

type Props = { search: DiscoverSearch; onChange: (filters: Partial<DiscoverSearch>) => void }

export function Filters({ search, onChange }: Props) {
  const { t } = useTranslation('discover')
  const { data: venues } = useQuery(venuesQuery)
  const cities = [
    ...new Set([...(venues?.items.map((venue) => venue.city) ?? []), ...(search.city ? [search.city] : [])]),
  ].sort()
  const filtered = Object.values(search).some(Boolean)
  return (
    <div className={styles.filters}>
      <fieldset className={styles.types}>
        <legend className="visually-hidden">{t('type')}</legend>
        {[undefined, ...EVENT_TYPES].map((type) => (
          <label key={type ?? 'all'} className={styles.chip}>
            <input
              type="radio"
              name="type"
              checked={search.type === type}
              onChange={() => onChange({ type })}
            />
            <span>{type ? t(`common:eventType.${type}`) : t('allTypes')}</span>
          </label>
        ))}
      </fieldset>
      <div className={styles.fields}>
        <Select
          label={t('city')}
          value={search.city ?? ''}
          onChange={(event) => onChange({ city: event.target.value || undefined })}
        >
          <option value="">{t('allCities')}</option>
          {cities.map((city) => (
            <option key={city}>{city}</option>
          ))}
        </Select>
        <Field
          type="date"
          label={t('from')}
          value={search.from ?? ''}
          max={search.to}
          onChange={(event) => onChange({ from: event.target.value || undefined })}
        />
        <Field
          type="date"
          label={t('to')}
          value={search.to ?? ''}
          min={search.from}
          onChange={(event) => onChange({ to: event.target.value || undefined })}
        />
        {filtered && (
          <Button
            variant="quiet"
            onClick={() =>
              onChange({ q: undefined, city: undefined, type: undefined, from: undefined, to: undefined })
            }
          >
            {t('clear')}
          </Button>
        )}
      </div>
    </div>
  )
}
