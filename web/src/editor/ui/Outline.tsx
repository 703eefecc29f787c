import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useLocale } from '../../i18n'
import { cx } from '../../ui/cx'
import { Icon } from '../../ui/Icon'
import { find, isTable } from '../model/find'
import { seatCount, type Uid } from '../model/types'
import { type Editor, useEditing } from '../state'
import styles from './Outline.module.css'

interface Item {
  uid: Uid
  level: 1 | 2
  text: string
  /** How many places: spoken in full, shown as a figure. */
  note: string
  figure?: string
  opens?: boolean
  parent?: Uid
}

type Props = { editor: Editor; onShow: () => void }

/** Every section with its rows, areas and decorations: the way through the map without a mouse. */
export function Outline({ editor, onShow }: Props) {
  const { t } = useTranslation('editor')
  const { doc, selection } = useEditing(editor)
  const number = new Intl.NumberFormat(useLocale())
  const [open, setOpen] = useState<ReadonlySet<Uid>>(new Set())
  const [active, setActive] = useState<Uid>()
  const list = useRef<HTMLDivElement>(null)
  // The section of a chosen row or seat stands open, so that the choice can be seen.
  const parents = new Set(
    [...selection].slice(0, 50).flatMap((uid) => {
      const found = find(doc, uid)
      return found && (found.kind === 'row' || found.kind === 'seat') ? [found.section.uid] : []
    }),
  )
  const isOpen = (uid: Uid) => open.has(uid) || parents.has(uid)
  const items: Item[] = [
    ...doc.sections.flatMap((section): Item[] => [
      {
        uid: section.uid,
        level: 1,
        text: section.name,
        note: t('outline.seats', { count: seatCount(section) }),
        figure: number.format(seatCount(section)),
        opens: true,
      },
      ...(isOpen(section.uid) ? section.rows : []).map(
        (row): Item => ({
          uid: row.uid,
          level: 2,
          parent: section.uid,
          text: t(isTable(row) ? 'outline.tableRow' : 'outline.row', { label: row.label }),
          note: t('outline.seats', { count: row.seats.length }),
          figure: number.format(row.seats.length),
        }),
      ),
    ]),
    ...doc.areas.map(
      (area): Item => ({
        uid: area.uid,
        level: 1,
        text: area.name,
        note: t('outline.capacity', { count: area.capacity }),
        figure: number.format(area.capacity),
      }),
    ),
    ...doc.decorations
      .filter(({ text }) => text)
      .map(
        (drawn): Item => ({
          uid: drawn.uid,
          level: 1,
          text: drawn.text ?? '',
          note: t('outline.decoration'),
        }),
      ),
  ]
  const at = Math.max(
    0,
    items.findIndex(({ uid }) => (active === undefined ? selection.has(uid) : uid === active)),
  )
  const go = (to: number) => {
    const item = items[Math.min(items.length - 1, Math.max(0, to))]
    if (!item) return
    setActive(item.uid)
    list.current?.querySelector<HTMLElement>(`[data-uid="${item.uid}"]`)?.focus()
  }
  const toggle = (uid: Uid, wanted: boolean) => {
    const next = new Set(open)
    if (wanted) next.add(uid)
    else next.delete(uid)
    setOpen(next)
  }
  const choose = (uid: Uid, adds: boolean) => {
    const next = adds ? new Set(selection) : new Set<Uid>()
    if (!adds || !next.delete(uid)) next.add(uid)
    editor.select(next)
    onShow()
  }
  const onKey = (event: React.KeyboardEvent, item: Item, index: number) => {
    const isRtl = document.dir === 'rtl'
    const [inward, outward] = isRtl ? ['ArrowLeft', 'ArrowRight'] : ['ArrowRight', 'ArrowLeft']
    if (event.key === 'ArrowDown') go(index + 1)
    else if (event.key === 'ArrowUp') go(index - 1)
    else if (event.key === 'Home') go(0)
    else if (event.key === 'End') go(items.length - 1)
    else if (event.key === inward && item.opens) isOpen(item.uid) ? go(index + 1) : toggle(item.uid, true)
    else if (event.key === outward && item.opens) toggle(item.uid, false)
    else if (event.key === outward && item.parent !== undefined)
      go(items.findIndex(({ uid }) => uid === item.parent))
    else if (event.key === ' ' || event.key === 'Enter')
      choose(item.uid, event.ctrlKey || event.metaKey || event.shiftKey)
    else return
    event.preventDefault()
  }
  if (items.length === 0) return null
  return (
    <div
      className={styles.tree}
      role="tree"
      aria-label={t('outline.tree')}
      aria-multiselectable="true"
      ref={list}
    >
      {items.map((item, index) => (
        <div
          key={item.uid}
          role="treeitem"
          data-uid={item.uid}
          tabIndex={index === at ? 0 : -1}
          aria-level={item.level}
          aria-selected={selection.has(item.uid)}
          aria-expanded={item.opens ? isOpen(item.uid) : undefined}
          className={cx(styles.item, item.level === 2 && styles.inner)}
          onFocus={() => setActive(item.uid)}
          onKeyDown={(event) => onKey(event, item, index)}
          onClick={(event) => choose(item.uid, event.ctrlKey || event.metaKey || event.shiftKey)}
        >
          {item.opens && (
            // biome-ignore lint/a11y/noStaticElementInteractions: the arrow keys open and close
            // biome-ignore lint/a11y/useKeyWithClickEvents: the arrow keys open and close
            <span
              className={cx(styles.arrow, isOpen(item.uid) && styles.opened)}
              onClick={(event) => {
                event.stopPropagation()
                toggle(item.uid, !isOpen(item.uid))
              }}
            >
              <Icon name="next" size={16} />
            </span>
          )}
          <span className={styles.text}>{item.text}</span>
          <span className={styles.note} aria-hidden="true">
            {item.figure}
          </span>
          <span className="visually-hidden">, {item.note}</span>
        </div>
      ))}
    </div>
  )
}
