import type { ReactNode } from 'react'
import { cx } from '../../ui/cx'
import styles from './Table.module.css'

type Column<Row> = {
  key: string
  head: ReactNode
  cell: (row: Row) => ReactNode
  /** Numbers stand at the end of their column, digit under digit. */
  numeric?: boolean
  /** What names the row: first in its card, and read before each of its cells. */
  heading?: boolean
}

type Props<Row> = {
  caption: string
  columns: readonly Column<Row>[]
  rows: readonly Row[]
  rowKey: (row: Row) => string
  className?: string
}

/**
 * A table where there is room, a card for each row on a phone. The roles are said because a table that is
 * laid out otherwise is none to some browsers.
 */
export function Table<Row>({ caption, columns, rows, rowKey, className }: Props<Row>) {
  return (
    <div className={cx(styles.frame, className)}>
      {/* biome-ignore-start lint/a11y/noRedundantRoles: they are lost with the layout of cards */}
      <table className={styles.table} role="table">
        <caption className="visually-hidden">{caption}</caption>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((column) => (
              <th
                key={column.key}
                scope="col"
                role="columnheader"
                className={column.numeric ? styles.numeric : undefined}
              >
                {column.head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => (
            <tr key={rowKey(row)} role="row">
              {columns.map((column) =>
                column.heading ? (
                  <th key={column.key} scope="row" role="rowheader">
                    {column.cell(row)}
                  </th>
                ) : (
                  <td key={column.key} role="cell" className={column.numeric ? styles.numeric : undefined}>
                    <span className={styles.label} aria-hidden="true">
                      {column.head}
                    </span>
                    <span className={styles.value}>{column.cell(row)}</span>
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
      {/* biome-ignore-end lint/a11y/noRedundantRoles: as above */}
    </div>
  )
}
