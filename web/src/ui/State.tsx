import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { isProblem } from '../api/problem'
import { useProblemMessage } from '../i18n/problem'
import { Button } from './Button'
import { cx } from './cx'
import { Icon, type IconName } from './Icon'
import styles from './State.module.css'

/** Stands where something will be, in its size, so that nothing jumps. */
export function Skeleton({
  lines = 1,
  block,
  className,
}: {
  lines?: number
  block?: string
  className?: string
}) {
  return (
    <div className={cx(styles.skeleton, className)} aria-hidden="true">
      {Array.from({ length: lines }, (_, line) => (
        <span key={line} style={block ? { blockSize: block } : undefined} />
      ))}
    </div>
  )
}

/** Says to a screen reader that a page is on its way, while skeletons say it to the eye. */
export function Loading({ children }: { children?: ReactNode }) {
  const { t } = useTranslation()
  return (
    <div aria-busy="true">
      <span className="visually-hidden" role="status">
        {t('state.loading')}
      </span>
      {children}
    </div>
  )
}

type EmptyProps = {
  icon?: IconName
  title: ReactNode
  children?: ReactNode
  action?: ReactNode
  /** It is all there is on the page, so its title is the page's. */
  isPage?: boolean
}

export function EmptyState({ icon = 'ticket', title, children, action, isPage = false }: EmptyProps) {
  const Title = isPage ? 'h1' : 'h2'
  return (
    <div className={styles.state}>
      <span className={styles.icon}>
        <Icon name={icon} size={28} />
      </span>
      <Title className={styles.title}>{title}</Title>
      {children && <div className={styles.text}>{children}</div>}
      {action}
    </div>
  )
}

type ErrorProps = { error: unknown; onRetry?: () => void; isPage?: boolean }

/** What failed in words, and the one thing to do about it. */
export function ErrorState({ error, onRetry, isPage = false }: ErrorProps) {
  const Title = isPage ? 'h1' : 'h2'
  const { t } = useTranslation()
  const message = useProblemMessage()
  const icon = isProblem(error, 'offline') ? 'offline' : 'alert'
  return (
    <div className={styles.state} role="alert">
      <span className={styles.icon}>
        <Icon name={icon} size={28} />
      </span>
      <Title className={styles.title}>
        {t(
          isProblem(error, 'offline')
            ? 'state.offline'
            : isProblem(error, 'not_found')
              ? 'state.notFound'
              : 'state.failed',
        )}
      </Title>
      <p className={styles.text}>{message(error)}</p>
      {isProblem(error) && error.requestId && error.status >= 500 && (
        <p className={styles.request}>{t('state.request', { id: error.requestId })}</p>
      )}
      {onRetry && <Button onClick={onRetry}>{t('action.retry')}</Button>}
    </div>
  )
}

/** A line of words beside a form: what was refused, or what to know. */
export function Notice({
  tone = 'plain',
  children,
}: {
  tone?: 'plain' | 'good' | 'bad' | 'warn'
  children: ReactNode
}) {
  return (
    <div className={cx(styles.notice, styles[tone])} role={tone === 'bad' ? 'alert' : undefined}>
      {tone !== 'plain' && <Icon name={tone === 'good' ? 'check' : 'alert'} />}
      <div>{children}</div>
    </div>
  )
}
