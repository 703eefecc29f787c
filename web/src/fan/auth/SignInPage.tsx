import { getRouteApi, useRouter } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { Card, Page, PageHead } from '../../ui/Page'
import { AuthForm } from './AuthForm'

const route = getRouteApi('/sign-in')

export function SignInPage() {
  const { t } = useTranslation('auth')
  const { next, mode } = route.useSearch()
  const router = useRouter()
  return (
    <Page title={t('signIn')} narrow>
      <PageHead title={t('pageTitle')}>{t('pageText')}</PageHead>
      <Card>
        <AuthForm initial={mode ?? 'signIn'} next={next} onDone={() => router.history.replace(next ?? '/')} />
      </Card>
    </Page>
  )
}
