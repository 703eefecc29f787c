import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useLocale } from '../../i18n'
import { Button, buttonClass } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { EventTime } from '../../ui/EventTime'
import { EmptyState } from '../../ui/State'
import { useOrganizer } from '../frame/context'
import { Head, Part } from '../kit/Head'
import { Ready } from '../kit/List'
import { Table } from '../kit/Table'
import { ownVenuesQuery, seatMapsQuery } from '../queries'
import type { Venue } from '../types'
import { ImportMap } from './ImportMap'
import { VenueForm } from './VenueForm'
import styles from './Venues.module.css'

const route = getRouteApi('/organizer/$org/venues/$venue')

/** A house and the versions of its seat map. */
export function VenuePage() {
  const { t } = useTranslation('organizerVenues')
  const { venue: id } = route.useParams()
  const here = useOrganizer()
  const venues = useQuery(ownVenuesQuery(here.id))
  const venue = venues.data?.find((one) => one.id === id)
  return (
    <Ready isPage query={venues}>
      {venue ? (
        <Loaded venue={venue} />
      ) : (
        <EmptyState isPage icon="place" title={t('common:state.notFound')} />
      )}
    </Ready>
  )
}

function Loaded({ venue }: { venue: Venue }) {
  const { t } = useTranslation('organizerVenues')
  const locale = useLocale()
  const number = new Intl.NumberFormat(locale)
  const here = useOrganizer()
  const maps = useQuery(seatMapsQuery(here.id, venue.id))
  const [isEditing, setEditing] = useState(false)
  const canEdit = here.may('editVenues')
  // Pages of the editor, which is loaded apart.
  const editor = (map: string) => `/organizer/${here.id}/venues/${venue.id}/seat-maps/${map}`
  return (
    <>
      <Head
        title={venue.name}
        over={
          <Link to="/organizer/$org/venues" params={{ org: here.id }}>
            {t('title')}
          </Link>
        }
        actions={canEdit && <Button onClick={() => setEditing(true)}>{t('common:action.edit')}</Button>}
      >
        {[venue.address, venue.city, venue.country, venue.timeZone].filter(Boolean).join(' · ')}
      </Head>
      <Part
        id="versions"
        title={t('versions')}
        note={t('versionsNote')}
        actions={
          canEdit && (
            <Link to={editor('new') as string} className={buttonClass({ variant: 'primary', size: 's' })}>
              {t('draw')}
            </Link>
          )
        }
      >
        <Ready query={maps}>
          {maps.data?.length === 0 && (
            <EmptyState icon="place" title={t('noVersions')}>
              {t('noVersionsText')}
            </EmptyState>
          )}
          {maps.data && maps.data.length > 0 && (
            <Table
              caption={t('versions')}
              rows={maps.data}
              rowKey={(map) => map.id}
              columns={[
                {
                  key: 'version',
                  head: t('column.version'),
                  heading: true,
                  cell: (map) => (
                    <Link to={editor(map.id) as string}>
                      {t('version', { version: map.version })} {map.name}
                    </Link>
                  ),
                },
                {
                  key: 'seats',
                  head: t('column.seats'),
                  numeric: true,
                  cell: (map) => number.format(map.seats),
                },
                {
                  key: 'capacity',
                  head: t('column.capacity'),
                  numeric: true,
                  cell: (map) => number.format(map.capacity),
                },
                {
                  key: 'levels',
                  head: t('column.levels'),
                  cell: (map) => (
                    <span className={styles.levels}>
                      {Object.entries(map.levels).map(([level, count]) => (
                        <span key={level}>
                          {level} {number.format(count)}
                        </span>
                      ))}
                    </span>
                  ),
                },
                {
                  key: 'created',
                  head: t('column.created'),
                  cell: (map) => <EventTime at={map.createdAt} zone={venue.timeZone} />,
                },
              ]}
            />
          )}
        </Ready>
      </Part>
      {canEdit && <ImportMap venue={venue.id} />}
      <Dialog open={isEditing} title={venue.name} onClose={() => setEditing(false)} wide>
        <VenueForm venue={venue} onDone={() => setEditing(false)} />
      </Dialog>
    </>
  )
}
