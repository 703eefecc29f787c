import { useMutation } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import { Button } from '../../ui/Button'
import { Field, Select } from '../../ui/Field'
import { toast } from '../../ui/Toast'
import { useOrganizer } from '../frame/context'
import kit from '../kit/kit.module.css'
import { useRefusal } from '../kit/refusal'
import type { Block, Schemas } from '../types'
import styles from './Live.module.css'
import { useReread, useSetAside, wordsOf } from './useBlocks'
import { forgetWish } from './wish'

type Section = Schemas['Section']
const NONE = {}
const AVAILABLE = 0
const BLOCKED = 3

/** Seats of one section as buttons, row by row; those that are free can be blocked, and blocked ones freed. */
export function SeatBlocks({
  event,
  sections,
  seats,
  blocks,
}: {
  event: string
  /** They say whose a seat is. */
  blocks: readonly Block[]
  sections: readonly Section[]
  seats: Uint8Array
}) {
  const { t } = useTranslation('organizerLive')
  const here = useOrganizer()
  const reread = useReread()
  const setAside = useSetAside()
  const [at, setAt] = useState(0)
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set())
  const [holder, setHolder] = useState('')
  const [note, setNote] = useState('')
  const rows = useMemo(() => rowsOf(sections, at, seats), [sections, at, seats])
  const statusOf = new Map(rows.flatMap((row) => row.seats.map((seat) => [seat.id, seat.status])))
  const blockOf = useMemo(
    () => new Map(blocks.flatMap((block) => block.seats.map((seat) => [seat, block] as const))),
    [blocks],
  )
  const words = wordsOf(holder, note)
  const isFor = Object.keys(words).length > 0
  const blocked = [...picked].filter((seat) => statusOf.get(seat) === BLOCKED)
  // What is blocked for nobody in particular can still be given to somebody.
  const free = [...picked].filter((seat) =>
    statusOf.get(seat) === BLOCKED ? isFor && !blockOf.has(seat) : statusOf.get(seat) === AVAILABLE,
  )
  const change = useMutation({
    mutationFn: async (what: 'block' | 'unblock') => {
      const params = { path: { org: here.id, event } }
      if (what === 'block' && isFor) await setAside.mutateAsync({ ...words, seats: free })
      else if (what === 'block')
        await ok(api.POST('/api/v1/organizers/{org}/events/{event}/block', { params, body: { seats: free } }))
      else
        await ok(
          api.POST('/api/v1/organizers/{org}/events/{event}/unblock', { params, body: { seats: blocked } }),
        )
      return { what, count: what === 'block' ? free.length : blocked.length }
    },
    onSuccess: ({ what, count }) => {
      if (what === 'unblock') forgetWish()
      toast(t(`block.did.${what}`, { count }), { tone: 'good' })
      setPicked(new Set())
      if (what === 'block') {
        setHolder('')
        setNote('')
      }
    },
    onSettled: reread,
  })
  const refusal = useRefusal(NONE, change.error)
  const statusWords = (status: number, who: string | null | undefined) =>
    status === BLOCKED && who ? t('block.blockedFor', { who }) : t(`block.status.${status}`)
  const toggle = (ids: readonly string[]) => {
    const next = new Set(picked)
    const isAll = ids.every((id) => next.has(id))
    for (const id of ids) isAll ? next.delete(id) : next.add(id)
    setPicked(next)
  }
  return (
    <>
      <div className={kit.toolbar}>
        <Select
          label={t('block.section')}
          value={at}
          onChange={(choice) => {
            setAt(Number(choice.target.value))
            setPicked(new Set())
          }}
        >
          {sections.map((section, index) => (
            <option key={section.id} value={index}>
              {section.name}
            </option>
          ))}
        </Select>
        <Field
          label={t('block.forWhom')}
          value={holder}
          maxLength={200}
          error={refusal.at('holder')}
          onChange={(change) => setHolder(change.target.value)}
        />
        <Field
          label={t('block.note')}
          value={note}
          maxLength={200}
          error={refusal.at('note')}
          onChange={(change) => setNote(change.target.value)}
        />
        <Button
          variant="primary"
          disabled={free.length === 0}
          busy={change.isPending}
          onClick={() => change.mutate('block')}
        >
          {free.length ? t('block.block', { count: free.length }) : t('block.blockNone')}
        </Button>
        <Button
          disabled={blocked.length === 0}
          busy={change.isPending}
          onClick={() => change.mutate('unblock')}
        >
          {blocked.length ? t('block.unblock', { count: blocked.length }) : t('block.unblockNone')}
        </Button>
      </div>
      {refusal.rest()}
      <div className={styles.seats}>
        {rows.map((row) => {
          const open = row.seats.filter(({ status }) => status === AVAILABLE || status === BLOCKED)
          return (
            <fieldset key={row.label} className={styles.row}>
              <legend className="visually-hidden">{t('block.row', { row: row.label })}</legend>
              <button
                type="button"
                className={styles.rowName}
                disabled={open.length === 0}
                aria-label={t('block.wholeRow', { row: row.label })}
                onClick={() => toggle(open.map(({ id }) => id))}
              >
                {row.label}
              </button>
              {row.seats.map(({ id, label, status }) => (
                <button
                  key={id}
                  type="button"
                  className={styles.seat}
                  data-status={status}
                  aria-pressed={picked.has(id)}
                  aria-disabled={status === 1 || status === 2 || undefined}
                  title={blockOf.get(id)?.holder ?? undefined}
                  aria-label={t('block.seat', {
                    seat: label,
                    row: row.label,
                    status: statusWords(status, blockOf.get(id)?.holder),
                  })}
                  onClick={() => (status === AVAILABLE || status === BLOCKED) && toggle([id])}
                >
                  {label}
                </button>
              ))}
            </fieldset>
          )
        })}
      </div>
    </>
  )
}

/** Rows of a section with what has become of each seat: seats count through all sections in map order. */
function rowsOf(sections: readonly Section[], at: number, seats: Uint8Array) {
  const size = (section: Section) => section.rows.reduce((sum, row) => sum + row.seats.length, 0)
  let index = sections.slice(0, at).reduce((sum, section) => sum + size(section), 0)
  const section = sections[at]
  return (section?.rows ?? []).map((row) => ({
    label: row.label,
    seats: row.seats.map((seat) => ({
      id: seat.id ?? `${section?.id}-${row.label}-${seat.label}`,
      label: seat.label,
      status: seats[index++] ?? 0,
    })),
  }))
}
