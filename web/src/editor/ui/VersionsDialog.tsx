import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useLocale } from '../../i18n'
import { formatTime } from '../../lib/time'
import { Button, buttonClass } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { ErrorState, Loading, Skeleton } from '../../ui/State'
import { eventsQuery, geometryQuery, type OwnEvent, type Venue, type Version, versionsQuery } from '../data'
import { compare } from '../model/compare'
import { writeMap } from '../model/wire'
import type { Editor } from '../state'
import styles from './Dialogs.module.css'
import { Differences } from './Differences'

type Place = { org: string; venue: Venue; map: string }
type Props = Place & { editor: Editor; open: boolean; onClose: () => void }

export function VersionsDialog({ open, onClose, ...rest }: Props) {
  const { t } = useTranslation('editor')
  return (
    <Dialog open={open} onClose={onClose} title={t('versions.title')} wide>
      <Versions {...rest} onClose={onClose} />
    </Dialog>
  )
}

function Versions({ org, venue, map, editor, onClose }: Place & { editor: Editor; onClose: () => void }) {
  const { t } = useTranslation('editor')
  const versions = useQuery(versionsQuery(org, venue.id))
  const events = useQuery(eventsQuery(org, venue.id))
  const [compared, setCompared] = useState<Version>()
  if (versions.isError && !versions.data)
    return <ErrorState error={versions.error} onRetry={() => void versions.refetch()} />
  if (!versions.data) {
    return (
      <Loading>
        <Skeleton lines={4} block="3rem" />
      </Loading>
    )
  }
  if (versions.data.length === 0) return <p>{t('versions.none')}</p>
  return (
    <>
      <VersionList
        versions={versions.data}
        events={events.data ?? []}
        venue={venue}
        org={org}
        current={map}
        onCompare={setCompared}
        onOpen={onClose}
      />
      {compared && (
        <Comparison key={compared.id} org={org} venue={venue} version={compared} editor={editor} />
      )}
    </>
  )
}

type ListProps = {
  org: string
  venue: Venue
  versions: readonly Version[]
  events: readonly OwnEvent[]
  current: string
  onCompare: (version: Version) => void
  onOpen: () => void
}

function VersionList({ org, venue, versions, events, current, onCompare, onOpen }: ListProps) {
  const { t } = useTranslation('editor')
  const locale = useLocale()
  const number = new Intl.NumberFormat(locale)
  return (
    <ul className={styles.list}>
      {versions.map((version) => {
        const used = events.filter(({ seatMapId }) => seatMapId === version.id).length
        return (
          <li key={version.id} className={styles.version}>
            <div>
              <strong>{t('version', { number: version.version })}</strong> {version.name}
              <p className={styles.note}>
                {formatTime(version.createdAt, locale, 'short', venue.timeZone)} ·{' '}
                {t('versions.meta', {
                  seats: number.format(version.seats),
                  capacity: number.format(version.capacity),
                })}{' '}
                · {used > 0 ? t('versions.usedBy', { count: used }) : t('versions.unused')}
              </p>
            </div>
            <span className={styles.buttons}>
              <Button size="s" onClick={() => onCompare(version)}>
                {t('versions.compare')}
              </Button>
              {version.id === current ? (
                <span className={styles.badge}>{t('versions.current')}</span>
              ) : (
                <Link
                  to="/organizer/$org/venues/$venue/seat-maps/$map"
                  params={{ org, venue: venue.id, map: version.id }}
                  className={buttonClass({ size: 's' })}
                  onClick={onOpen}
                >
                  {t('versions.open')}
                </Link>
              )}
            </span>
          </li>
        )
      })}
    </ul>
  )
}

type ComparisonProps = {
  org: string
  venue: Venue
  version: Version
  editor: Editor
}

function Comparison({ org, venue, version, editor }: ComparisonProps) {
  const { t } = useTranslation('editor')
  const geometry = useQuery(geometryQuery(org, venue.id, version.id))
  return (
    <section className={styles.compared} aria-live="polite">
      <h3>{t('versions.compared', { number: version.version })}</h3>
      {geometry.isError && <ErrorState error={geometry.error} onRetry={() => void geometry.refetch()} />}
      {geometry.isPending && <Skeleton lines={2} />}
      {geometry.data && <Differences difference={compare(geometry.data, writeMap(editor.now.doc))} />}
    </section>
  )
}
