import { useTranslation } from 'react-i18next'
import { useLocale } from '../../i18n'
import { formatTime } from '../../lib/time'
import kit from '../kit/kit.module.css'
import { Tag } from '../kit/Status'
import type { AuditEntry } from '../types'
import styles from './Audit.module.css'

const TONE = { done: 'good', denied: 'warn', failed: 'bad' } as const

/** One thing that happened; what changed by it is a press away. */
export function Entry({ entry, who }: { entry: AuditEntry; who: string }) {
  const { t } = useTranslation('organizerStaff')
  const locale = useLocale()
  const before = entry.before as Record<string, unknown>
  const after = entry.after as Record<string, unknown>
  const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return (
    <li className={styles.entry}>
      <details>
        <summary>
          <time dateTime={entry.at}>{formatTime(entry.at, locale, 'clock')}</time>
          <strong className={styles.action}>{entry.action}</strong>
          <span className={styles.who}>{who}</span>
          <Tag tone={TONE[entry.result]}>{t(`audit.results.${entry.result}`)}</Tag>
        </summary>
        <dl className={kit.facts}>
          <dt>{t('audit.subject')}</dt>
          <dd className={kit.code}>{entry.subject}</dd>
          {fields.map((field) => (
            <div key={field} className={styles.field}>
              <dt>{field}</dt>
              <dd className={kit.code}>
                {field in before && <del>{shown(before[field])}</del>}{' '}
                {field in after && <ins>{shown(after[field])}</ins>}
              </dd>
            </div>
          ))}
          {entry.address && (
            <>
              <dt>{t('audit.address')}</dt>
              <dd>{entry.address}</dd>
            </>
          )}
          {entry.userAgent && (
            <>
              <dt>{t('audit.userAgent')}</dt>
              <dd>{entry.userAgent}</dd>
            </>
          )}
          {entry.requestId && (
            <>
              <dt>{t('audit.request')}</dt>
              <dd className={kit.code}>{entry.requestId}</dd>
            </>
          )}
          <dt>{t('audit.proof')}</dt>
          <dd className={kit.code}>
            {entry.sequence} · {entry.hash}
          </dd>
        </dl>
        {entry.erased && <p className={kit.note}>{t('audit.erased')}</p>}
      </details>
    </li>
  )
}

const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))
