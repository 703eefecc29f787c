import { useTranslation } from 'react-i18next'
import { useMe } from '../../api/me'
import { Page, PageHead } from '../../ui/Page'
import { Loading, Skeleton } from '../../ui/State'
import styles from './Account.module.css'
import { Addresses } from './Addresses'
import { Data } from './Data'
import { Identity } from './Identity'
import { Passkeys } from './Passkeys'
import { PasswordSection } from './PasswordSection'
import { Profile } from './Profile'
import { Programs } from './Programs'
import { SecondFactor } from './SecondFactor'
import { Sessions } from './Sessions'

const SECTIONS = [
  'profile',
  'addresses',
  'password',
  'second',
  'passkeys',
  'identity',
  'sessions',
  'programs',
  'data',
] as const

export function AccountPage() {
  const { t } = useTranslation('account')
  const { me } = useMe()
  return (
    <Page title={t('title')}>
      <PageHead title={me?.name ?? t('title')} />
      {me ? (
        <div className={styles.columns}>
          <nav className={styles.nav} aria-label={t('title')}>
            {SECTIONS.map((section) => (
              <a key={section} href={`#${section}`}>
                {t(`section.${section}`)}
              </a>
            ))}
          </nav>
          <div className={styles.sections}>
            <Profile me={me} />
            <Addresses me={me} />
            <PasswordSection />
            <SecondFactor me={me} />
            <Passkeys />
            <Identity me={me} />
            <Sessions />
            <Programs />
            <Data />
          </div>
        </div>
      ) : (
        <Loading>
          <Skeleton lines={5} block="6rem" />
        </Loading>
      )}
    </Page>
  )
}
