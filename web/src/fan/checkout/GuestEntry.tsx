import { lazy, Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import { Card } from '../../ui/Page'
import { Loading, Notice, Skeleton } from '../../ui/State'
import styles from './CheckoutPage.module.css'

const AuthForm = lazy(() => import('../auth/AuthForm').then(({ AuthForm }) => ({ default: AuthForm })))

/** In the place of paying: a guest says who they are, and the places stay held meanwhile. */
export function GuestEntry({ back }: { back: string }) {
  const { t } = useTranslation('checkout')
  return (
    <Card>
      <h2 className={styles.sub}>{t('guest')}</h2>
      <Notice tone="good">{t('guestText')}</Notice>
      <Suspense
        fallback={
          <Loading>
            <Skeleton lines={4} />
          </Loading>
        }
      >
        {/* Who is in is heard of by the whole page, which goes on to paying by itself. */}
        <AuthForm initial="register" next={back} onDone={() => {}} />
      </Suspense>
    </Card>
  )
}
