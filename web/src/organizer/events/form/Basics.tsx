import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { Field, Select, TextArea } from '../../../ui/Field'
import { Notice } from '../../../ui/State'
import { useOrganizer } from '../../frame/context'
import kit from '../../kit/kit.module.css'
import { ownVenuesQuery, seatMapsQuery } from '../../queries'
import { levelsFor } from '../draft'
import type { FieldsProps } from '../EventForm'

const TYPES = ['concert', 'sport', 'theatre', 'comedy', 'festival', 'family', 'other'] as const

/** What it is and where. The seat map brings the price levels along. */
export function Basics({ draft, change, at, isSaved }: FieldsProps) {
  const { t } = useTranslation('organizerEvents')
  const here = useOrganizer()
  const venues = useQuery(ownVenuesQuery(here.id))
  const maps = useQuery({
    ...seatMapsQuery(here.id, draft.venueId),
    enabled: draft.venueId !== '' && !isSaved,
  })
  const chooseMap = (seatMapId: string) => {
    const map = maps.data?.find(({ id }) => id === seatMapId)
    change({ seatMapId, levels: levelsFor(Object.keys(map?.levels ?? {}), draft.levels) })
  }
  return (
    <div className={kit.grid}>
      <Field
        className={kit.full}
        label={t('field.name')}
        value={draft.name}
        maxLength={200}
        error={at('name')}
        onChange={(event) => change({ name: event.target.value })}
      />
      <Select
        label={t('field.type')}
        value={draft.type}
        error={at('type')}
        onChange={(event) => change({ type: event.target.value as typeof draft.type })}
      >
        {TYPES.map((type) => (
          <option key={type} value={type}>
            {t(`common:eventType.${type}`)}
          </option>
        ))}
      </Select>
      <TextArea
        label={t('field.performers')}
        hint={t('field.performersHint')}
        rows={2}
        value={draft.performers}
        error={at('performers')}
        onChange={(event) => change({ performers: event.target.value })}
      />
      {!isSaved && (
        <>
          <Select
            label={t('field.venue')}
            value={draft.venueId}
            error={at('venueId')}
            onChange={(event) => change({ venueId: event.target.value, seatMapId: '', levels: [] })}
          >
            <option value="">{t('choose')}</option>
            {venues.data?.map((venue) => (
              <option key={venue.id} value={venue.id}>
                {venue.name}, {venue.city}
              </option>
            ))}
          </Select>
          <Select
            label={t('field.seatMap')}
            value={draft.seatMapId}
            disabled={!draft.venueId}
            error={at('seatMapId')}
            hint={t('field.seatMapHint')}
            onChange={(event) => chooseMap(event.target.value)}
          >
            <option value="">{t('noSeatMap')}</option>
            {maps.data?.map((map) => (
              <option key={map.id} value={map.id}>
                {t('mapOption', { version: map.version, name: map.name ?? '', count: map.capacity })}
              </option>
            ))}
          </Select>
          {venues.data?.length === 0 && (
            <div className={kit.full}>
              <Notice tone="warn">
                {t('noVenues')}{' '}
                <Link to="/organizer/$org/venues" params={{ org: here.id }}>
                  {t('toVenues')}
                </Link>
              </Notice>
            </div>
          )}
        </>
      )}
    </div>
  )
}
