import { useTranslation } from 'react-i18next'
import { Problem } from '../api/problem'
import { Button } from '../ui/Button'
import { EmptyState, ErrorState } from '../ui/State'

/** What stands in place of a page that failed; the header and its ways out stay. */
export function PageError({ error, reset }: { error: unknown; reset: () => void }) {
  const { t } = useTranslation()
  if (error instanceof Problem) return <ErrorState isPage error={error} onRetry={reset} />
  return (
    <EmptyState
      isPage
      icon="alert"
      title={t('state.crashed')}
      action={<Button onClick={() => location.reload()}>{t('action.reload')}</Button>}
    >
      {t('state.crashedText')}
    </EmptyState>
  )
}
