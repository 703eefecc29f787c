import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { EmptyState } from '../../ui/State'
import { useOrganizer } from '../frame/context'
import { Head } from '../kit/Head'
import { Ready } from '../kit/List'
import { ownVenuesQuery } from '../queries'
import { VenueForm } from './VenueForm'
import styles from './Venues.module.css'

/** The houses an organizer sells for. */
export function VenuesPage() {
  const { t } = useTranslation('organizerVenues')
  const here = useOrganizer()
  const venues = useQuery(ownVenuesQuery(here.id))
  const [isNew, setNew] = useState(false)
  const add = here.may('editVenues') && (
    <Button variant="primary" onClick={() => setNew(true)}>
      {t('new')}
    </Button>
  )
  return (
    <>
      <Head title={t('title')} actions={add}>
        {t('lead')}
      </Head>
      <Ready query={venues}>
        {venues.data?.length === 0 && (
          <EmptyState icon="place" title={t('none')}>
            {t('noneText')}
          </EmptyState>
        )}
        <ul className={styles.venues}>
          {venues.data?.map((venue) => (
            <li key={venue.id}>
              <Link
                to="/organizer/$org/venues/$venue"
                params={{ org: here.id, venue: venue.id }}
                className={styles.venue}
              >
                <strong>{venue.name}</strong>
                <span>
                  {venue.city}, {venue.country}
                </span>
                <span>{venue.timeZone}</span>
              </Link>
            </li>
          ))}
        </ul>
      </Ready>
      <Dialog open={isNew} title={t('new')} onClose={() => setNew(false)} wide>
        <VenueForm onDone={() => setNew(false)} />
      </Dialog>
    </>
  )
}
