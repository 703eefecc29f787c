import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import { Button, buttonClass } from '../../ui/Button'
import { Select } from '../../ui/Field'
import { toast } from '../../ui/Toast'
import { useOrganizer } from '../frame/context'
import { Part } from '../kit/Head'
import kit from '../kit/kit.module.css'
import { useRefusal } from '../kit/refusal'
import { seatMapsQuery } from '../queries'
import { useEvent } from './EventFrame'

const NONE = {}

/** Which version of the venue's seat map the event is sold on. Sold and held places survive a move. */
export function MapChoice() {
  const { t } = useTranslation('organizerEvents')
  const here = useOrganizer()
  const { event } = useEvent()
  const client = useQueryClient()
  const maps = useQuery({ ...seatMapsQuery(here.id, event.venueId), enabled: here.may('seeVenues') })
  const [chosen, setChosen] = useState(event.seatMapId ?? '')
  const current = maps.data?.find(({ id }) => id === event.seatMapId)
  const move = useMutation({
    mutationFn: () =>
      ok(
        api.POST('/api/v1/organizers/{org}/events/{event}/seat-map', {
          params: { path: { org: here.id, event: event.id } },
          body: { seatMapId: chosen },
        }),
      ),
    onSuccess: async () => {
      toast(t('moved'), { tone: 'good' })
      await client.invalidateQueries({ queryKey: ['me', 'org', here.id, 'events'] })
      await client.invalidateQueries({ queryKey: ['event', event.id] })
    },
  })
  const refusal = useRefusal(NONE, move.error)
  if (!maps.data) return null
  return (
    <Part
      id="map"
      title={t('part.map')}
      note={current ? t('mapNow', { version: current.version, count: current.capacity }) : t('mapNone')}
      actions={
        current && (
          <Link
            to="/organizer/$org/venues/$venue"
            params={{ org: here.id, venue: event.venueId }}
            className={buttonClass({ size: 's' })}
          >
            {t('toVenue')}
          </Link>
        )
      }
    >
      <div className={kit.toolbar}>
        <Select
          label={t('field.seatMap')}
          value={chosen}
          onChange={(change) => setChosen(change.target.value)}
        >
          {!current && <option value="">{t('noSeatMap')}</option>}
          {maps.data.map((map) => (
            <option key={map.id} value={map.id}>
              {t('mapOption', { version: map.version, name: map.name ?? '', count: map.capacity })}
            </option>
          ))}
        </Select>
        <Button
          disabled={!chosen || chosen === event.seatMapId}
          busy={move.isPending}
          onClick={() => move.mutate()}
        >
          {t('move')}
        </Button>
      </div>
      {refusal.rest()}
    </Part>
  )
}
