import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { useMe } from '../api/me'
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
  const hasKept = useHasKept(!me && !isLoading)
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
          {(me || hasKept) && (
            <Link to="/tickets" className={cx(styles.link, styles.wide)}>
              {t('nav.tickets')}
            </Link>
          )}
          {hasKept && (
            // On a phone the menu has it, but for who is signed out there is none.
            <Link to="/tickets" className={cx(styles.link, styles.narrow)} aria-label={t('nav.tickets')}>
              <Icon name="ticket" size={24} />
            </Link>
          )}
          {me ? (
            <AccountMenu name={me.name} />
          ) : (
            me === null && (
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

/** Tickets kept for the door open without a session, and without anybody who could say whose it is. */
function useHasKept(isAsked: boolean): boolean {
  const { data } = useQuery({
    queryKey: ['me', 'has-kept'],
    queryFn: async () => (await import('../fan/tickets/ticketQueries')).hasKeptTickets(),
    enabled: isAsked,
    networkMode: 'always',
  })
  return isAsked && data === true
}

function AccountMenu({ name }: { name: string }) {
  const { t } = useTranslation()
  const message = useProblemMessage()
  const leave = async () => {
    await import('../fan/auth/leave')
      .then(({ signOut }) => signOut())
      .catch((error) => toast(message(error), { tone: 'bad' }))
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
