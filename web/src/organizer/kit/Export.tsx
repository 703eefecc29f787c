import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useProblemMessage } from '../../i18n/problem'
import { Button } from '../../ui/Button'
import { toast } from '../../ui/Toast'
import { csvText, download, readAll } from './download'

type Cell = string | number | null | undefined
type Props<Row> = {
  name: string
  head: readonly string[]
  read: (cursor: string | undefined) => Promise<{ items: Row[]; nextCursor?: string | null }>
  row: (item: Row) => readonly Cell[]
}

/** Reads a whole list and gives it to the reader as a file for spreadsheets. */
export function Export<Row>({ name, head, read, row }: Props<Row>) {
  const { t } = useTranslation('organizer')
  const message = useProblemMessage()
  const [count, setCount] = useState(0)
  const run = useMutation({
    mutationFn: () => readAll(read, setCount),
    onSuccess: (rows) => download(name, 'text/csv;charset=utf-8', csvText([head, ...rows.map(row)])),
    onError: (error) => toast(message(error), { tone: 'bad' }),
  })
  return (
    <Button size="s" busy={run.isPending} onClick={() => run.mutate()}>
      {run.isPending ? t('export.running', { count }) : t('export.do')}
    </Button>
  )
}
