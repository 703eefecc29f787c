import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { isProblem } from '../../api/problem'
import { useProblemMessage } from '../../i18n/problem'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { EventTime } from '../../ui/EventTime'
import { Notice, Skeleton } from '../../ui/State'
import {
  addVersion,
  eventsQuery,
  fateOfEvent,
  moveEvent,
  type OwnEvent,
  type Venue,
  type Version,
} from '../data'
import { checkMap } from '../model/checks'
import { compare, type Fate, isKept } from '../model/compare'
import type { Doc, SeatMapWire } from '../model/types'
import { writeMap } from '../model/wire'
import type { Editor } from '../state'
import styles from './Dialogs.module.css'
import { Differences, useSeatList } from './Differences'

type Props = {
  editor: Editor
  org: string
  venue: Venue
  /** What the drawing began from. */
  base: { version: number; map: SeatMapWire } | undefined
  open: boolean
  onClose: () => void
  /** A drawing is a version now; called once the person is done with its events. */
  onSaved: (version: Version, saved: Doc) => void
  onChecks: () => void
}

/** A version, with the drawing it is of: there may be a later one. */
type Saved = { version: Version; doc: Doc }

/** Saves the drawing as a version, and moves events to it: with what would become of their seats, before and after. */
export function SaveDialog({ open, ...rest }: Props) {
  const { t } = useTranslation('editor')
  const [saved, setSaved] = useState<Saved>()
  const [busy, setBusy] = useState(false)
  const close = () => {
    if (saved) rest.onSaved(saved.version, saved.doc)
    setSaved(undefined)
    rest.onClose()
  }
  return (
    <Dialog open={open} onClose={close} title={t('save.title')} locked={busy} wide>
      <Save {...rest} saved={saved} busy={busy} onBusy={setBusy} onSave={setSaved} onClose={close} />
    </Dialog>
  )
}

type SaveProps = Omit<Props, 'open'> & {
  saved: Saved | undefined
  busy: boolean
  onBusy: (busy: boolean) => void
  onSave: (saved: Saved) => void
}

function Save({ editor, org, venue, base, saved, busy, onBusy, onSave, onClose, onChecks }: SaveProps) {
  const { t } = useTranslation('editor')
  const message = useProblemMessage()
  const client = useQueryClient()
  const [error, setError] = useState<unknown>()
  const key = useRef(crypto.randomUUID())
  const doc = saved?.doc ?? editor.now.doc
  const map = useMemo(() => writeMap(doc), [doc])
  const findings = useMemo(() => checkMap(doc), [doc])
  const errors = findings.filter(({ severity }) => severity === 'error')
  const save = async () => {
    onBusy(true)
    setError(undefined)
    try {
      const version = await addVersion(org, venue.id, map, key.current)
      await client.invalidateQueries({ queryKey: ['me', 'seat-maps', org, venue.id] })
      onSave({ version, doc })
    } catch (problem) {
      setError(problem)
      // Another try says something else, or comes after an answer that stands.
      if (isProblem(problem) && !problem.passes) key.current = crypto.randomUUID()
    } finally {
      onBusy(false)
    }
  }
  const refusal =
    isProblem(error, 'invalid_seat_map') &&
    t('save.invalid', { path: String(error.details.path ?? ''), reason: error.message })
  return (
    <div className={styles.save}>
      {saved ? (
        <Notice tone="good">{t('save.saved', { number: saved.version.version })}</Notice>
      ) : (
        <>
          {errors.length > 0 && (
            <Notice tone="bad">
              {t('save.errors')}{' '}
              <Button size="s" disabled={busy} onClick={onChecks}>
                {t('check.button')}
              </Button>
            </Notice>
          )}
          {errors.length === 0 && findings.length > 0 && (
            <Notice tone="warn">
              {t('save.warnings', { count: findings.length })}{' '}
              <Button size="s" disabled={busy} onClick={onChecks}>
                {t('check.button')}
              </Button>
            </Notice>
          )}
          <section>
            <h3>{base ? t('save.against', { number: base.version }) : t('save.first')}</h3>
            {base && <Differences difference={compare(base.map, map)} />}
          </section>
        </>
      )}
      <Events org={org} venue={venue} map={map} version={saved?.version} />
      {error !== undefined && <Notice tone="bad">{refusal || message(error)}</Notice>}
      <div className={styles.foot}>
        {saved ? (
          <Button variant="primary" onClick={onClose}>
            {t('save.done')}
          </Button>
        ) : (
          <Button variant="primary" busy={busy} disabled={errors.length > 0} onClick={() => void save()}>
            {t('save.run')}
          </Button>
        )}
      </div>
    </div>
  )
}

type EventsProps = { org: string; venue: Venue; map: SeatMapWire; version: Version | undefined }

function Events({ org, venue, map, version }: EventsProps) {
  const { t } = useTranslation('editor')
  const events = useQuery(eventsQuery(org, venue.id))
  return (
    <section>
      <h3>{t('save.events')}</h3>
      <p className={styles.note}>{t('save.eventsHint')}</p>
      {events.isPending && <Skeleton lines={2} block="3rem" />}
      {events.data?.length === 0 && <p>{t('save.noEvents')}</p>}
      <ul className={styles.list}>
        {events.data?.map((event) => (
          <EventRow key={event.id} org={org} venue={venue} event={event} map={map} version={version} />
        ))}
      </ul>
    </section>
  )
}

type Answer = { moved: true } | { refused: unknown }

function EventRow({ org, venue, event, map, version }: EventsProps & { event: OwnEvent }) {
  const { t } = useTranslation('editor')
  const client = useQueryClient()
  const [fate, setFate] = useState<Fate | 'unknown'>()
  const [answer, setAnswer] = useState<Answer>()
  const [busy, setBusy] = useState(false)
  useEffect(() => {
    let isOver = false
    fateOfEvent(event, map).then(
      (found) => !isOver && setFate(found ?? 'unknown'),
      () => !isOver && setFate('unknown'),
    )
    return () => {
      isOver = true
    }
  }, [event, map])
  const move = async () => {
    if (!version) return
    setBusy(true)
    try {
      await moveEvent(org, event.id, version.id)
      setAnswer({ moved: true })
      await client.invalidateQueries({ queryKey: ['me', 'venue-events', org, venue.id] })
    } catch (refused) {
      setAnswer({ refused })
    } finally {
      setBusy(false)
    }
  }
  const isHere = event.seatMapId === version?.id && version !== undefined
  return (
    <li className={styles.event} aria-label={event.name}>
      <div>
        <strong>{event.name}</strong>
        <p className={styles.note}>
          <EventTime at={event.startsAt} zone={venue.timeZone} />
        </p>
        {!isHere && !answer && <FateLine fate={fate} />}
        {answer && 'refused' in answer && <Refusal error={answer.refused} />}
      </div>
      {isHere || (answer && 'moved' in answer) ? (
        <span className={styles.badge}>{t('save.moved')}</span>
      ) : (
        version && (
          <Button size="s" busy={busy} onClick={() => void move()}>
            {t('save.move', { number: version.version })}
          </Button>
        )
      )}
    </li>
  )
}

function FateLine({ fate }: { fate: Fate | 'unknown' | undefined }) {
  const { t } = useTranslation('editor')
  const list = useSeatList()
  if (fate === undefined) return <p className={styles.note}>{t('save.looking')}</p>
  if (fate === 'unknown') return <p className={styles.note}>{t('save.unknown')}</p>
  const { sold, held, blocked } = fate
  if (isKept(fate)) {
    return (
      <p className={styles.good}>
        {sold + held + blocked > 0 ? t('save.kept', { sold, held, blocked }) : t('save.free')}
      </p>
    )
  }
  return (
    <ul className={styles.bad}>
      {fate.lost.length > 0 && <li>{t('save.lost', { seats: list(fate.lost) })}</li>}
      {fate.relevelled.length > 0 && <li>{t('save.relevelled', { seats: list(fate.relevelled) })}</li>}
      {fate.areas.length > 0 && (
        <li>{t('save.areasLost', { areas: list(fate.areas.map(({ id }) => id)) })}</li>
      )}
      {fate.levels && <li>{t('save.levelsDiffer')}</li>}
    </ul>
  )
}

/** What the server says of a move that it does not make. */
function Refusal({ error }: { error: unknown }) {
  const { t } = useTranslation('editor')
  const message = useProblemMessage()
  const list = useSeatList()
  const seats =
    isProblem(error) && Array.isArray(error.details.seats) ? (error.details.seats as string[]) : []
  const own = isProblem(error) && error.status === 409 && error.message
  const reason = seats.length > 0 ? t('save.refusedSeats', { seats: list(seats) }) : own || message(error)
  return (
    <p className={styles.bad} role="alert">
      {t('save.refused', { reason })}
    </p>
  )
}
