import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { buttonClass } from '../ui/Button'
import { EmptyState } from '../ui/State'

export function NotFound() {
  const { t } = useTranslation()
  return (
    <EmptyState
      isPage
      icon="search"
      title={t('state.pageMissing')}
      action={
        <Link to="/" className={buttonClass({ variant: 'primary' })}>
          {t('state.goHome')}
        </Link>
      }
    >
      {t('state.pageMissingText')}
    </EmptyState>
  )
}
