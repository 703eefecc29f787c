import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../../ui/Button'
import { Checkbox, Field, Select } from '../../ui/Field'
import { ROW_NUMBERS, SEAT_NUMBERS } from '../model/draw'
import {
  numberRows,
  numberSeats,
  type RowNumbering,
  type RowScheme,
  rowLabels,
  type SeatNumbering,
  schemeOf,
  seatLabels,
} from '../model/numbering'
import type { Row, Section } from '../model/types'
import styles from './Inspector.module.css'
import { Choice, NumberField, Part } from './inputs'

const listOf = (text: string) => text.split(/[\s,;]+/).filter(Boolean)

type RowsProps = { value: RowNumbering; onChange: (value: RowNumbering) => void }

export function RowNumberFields({ value, onChange }: RowsProps) {
  const { t } = useTranslation('editor')
  return (
    <>
      <Select
        label={t('numbers.rows')}
        value={value.scheme}
        onChange={(event) => {
          const scheme = event.target.value as RowScheme
          onChange({ ...value, scheme, start: scheme === 'numbers' ? '1' : 'A' })
        }}
      >
        <option value="letters">{t('numbers.letters')}</option>
        <option value="doubled">{t('numbers.doubled')}</option>
        <option value="numbers">{t('numbers.figures')}</option>
      </Select>
      <div className={styles.pair}>
        <Field
          label={t('numbers.start')}
          value={value.start}
          maxLength={6}
          onChange={(event) => onChange({ ...value, start: event.target.value })}
        />
        <Field
          label={t('numbers.skip')}
          hint={t('numbers.skipHint')}
          defaultValue={value.skip.join(', ')}
          onChange={(event) => onChange({ ...value, skip: listOf(event.target.value) })}
        />
      </div>
      <Checkbox
        label={t('numbers.fromBack')}
        checked={value.fromBack}
        onChange={(event) => onChange({ ...value, fromBack: event.target.checked })}
      />
    </>
  )
}

type SeatsProps = { value: SeatNumbering; onChange: (value: SeatNumbering) => void }

export function SeatNumberFields({ value, onChange }: SeatsProps) {
  const { t } = useTranslation('editor')
  return (
    <>
      <Choice
        label={t('numbers.by')}
        value={String(value.step) as '1' | '2'}
        options={[
          { value: '1', label: t('numbers.one') },
          { value: '2', label: t('numbers.two') },
        ]}
        onChange={(step) => onChange({ ...value, step: step === '1' ? 1 : 2 })}
      />
      <Choice
        label={t('numbers.from')}
        value={value.from}
        options={[
          { value: 'left', label: t('numbers.fromLeft') },
          { value: 'right', label: t('numbers.fromRight') },
        ]}
        onChange={(from) => onChange({ ...value, from })}
      />
      <div className={styles.pair}>
        <NumberField
          label={t('numbers.start')}
          whole
          min={0}
          max={99_999}
          value={value.start}
          onCommit={(start) => onChange({ ...value, start })}
        />
        <Field
          label={t('numbers.skip')}
          defaultValue={value.skip.join(', ')}
          onChange={(event) => onChange({ ...value, skip: listOf(event.target.value) })}
        />
      </div>
    </>
  )
}

type RowPartProps = { first: string; onRun: (change: (section: Section) => Section) => void }

export function RowNumberPart({ first, onRun }: RowPartProps) {
  const { t } = useTranslation('editor')
  const [value, setValue] = useState<RowNumbering>({
    ...ROW_NUMBERS,
    scheme: schemeOf([first]),
    start: first,
  })
  return (
    <Part title={t('numbers.rows')} open={false}>
      <RowNumberFields value={value} onChange={setValue} />
      <p className={styles.note}>{rowLabels(4, { ...value, fromBack: false }).join(', ')} …</p>
      <Button size="s" onClick={() => onRun((section) => numberRows(section, value))}>
        {t('numbers.run')}
      </Button>
      <p className={styles.note}>{t('numbers.kept')}</p>
    </Part>
  )
}

export function SeatNumberPart({ onRun }: { onRun: (change: (row: Row) => Row) => void }) {
  const { t } = useTranslation('editor')
  const [value, setValue] = useState<SeatNumbering>(SEAT_NUMBERS)
  return (
    <Part title={t('numbers.seats')} open={false}>
      <SeatNumberFields value={value} onChange={setValue} />
      <p className={styles.note}>{seatLabels(6, value).join(', ')}</p>
      <Button size="s" onClick={() => onRun((row) => numberSeats(row, value))}>
        {t('numbers.run')}
      </Button>
    </Part>
  )
}
