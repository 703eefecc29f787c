import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { signOut, useMe } from '../api/me'
import { useProblemMessage } from '../i18n/problem'
import { buttonClass } from '../ui/Button'
import { cx } from '../ui/cx'
import { Icon } from '../ui/Icon'
import { Menu } from '../ui/Menu'
import { toast } from '../ui/Toast'
import { Brand } from './Brand'
import styles from './Shell.module.css'

export function Header() {
  const { t } = useTranslation()
  const { me, isLoading } = useMe()
  return (
    <header className={styles.header}>
      <div className={styles.bar}>
        <Link to="/" className={styles.brand} aria-label={t('app.home')}>
          <Brand />
          <span>{t('app.name')}</span>
        </Link>
        <nav className={styles.nav} aria-label={t('nav.main')}>
          <Link
            to="/"
            className={cx(styles.link, styles.wide)}
            activeOptions={{ exact: true, includeSearch: false }}
          >
            {t('nav.discover')}
          </Link>
          {me && (
            <Link to="/tickets" className={cx(styles.link, styles.wide)}>
              {t('nav.tickets')}
            </Link>
          )}
          {me ? (
            <AccountMenu name={me.name} />
          ) : (
            !isLoading && (
              <Link to="/sign-in" className={buttonClass({ variant: 'primary', size: 's' })}>
                {t('nav.signIn')}
              </Link>
            )
          )}
        </nav>
      </div>
    </header>
  )
}

function AccountMenu({ name }: { name: string }) {
  const { t } = useTranslation()
  const message = useProblemMessage()
  const leave = async () => {
    const { forgetKeptTickets } = await import('../fan/tickets/kept')
    // What is kept for the door goes first: a phone that is handed on shows nobody's tickets.
    await forgetKeptTickets()
    await signOut().catch((error) => toast(message(error), { tone: 'bad' }))
  }
  return (
    <Menu name={t('nav.account')} label={<Icon name="person" size={24} />}>
      <p className={styles.menuWho}>{name}</p>
      <Link to="/tickets">
        <Icon name="ticket" /> {t('nav.tickets')}
      </Link>
      <Link to="/orders">
        <Icon name="print" /> {t('nav.orders')}
      </Link>
      <Link to="/account">
        <Icon name="person" /> {t('nav.account')}
      </Link>
      <button type="button" onClick={leave}>
        <Icon name="back" /> {t('nav.signOut')}
      </button>
    </Menu>
  )
}
