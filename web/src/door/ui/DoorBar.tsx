import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Brand } from '../../app/Brand'
import { Icon } from '../../ui/Icon'
import styles from './DoorBar.module.css'

/** Says which door this is, and leads back to the choice of events. */
export function DoorBar({
  title,
  under,
  children,
}: {
  title?: string
  under?: string
  children?: ReactNode
}) {
  const { t } = useTranslation('door')
  return (
    <header className={styles.bar}>
      <Link
        to={title ? '/door' : '/'}
        className={styles.back}
        aria-label={t(title ? 'bar.events' : 'bar.home')}
      >
        {title ? <Icon name="back" size={24} /> : <Brand />}
      </Link>
      <div className={styles.names}>
        <p className={styles.title}>{title ?? t('title')}</p>
        {under && <p className={styles.under}>{under}</p>}
      </div>
      {children}
    </header>
  )
}
