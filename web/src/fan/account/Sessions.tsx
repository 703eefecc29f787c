import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import { useLocale } from '../../i18n'
import { useProblemMessage } from '../../i18n/problem'
import { formatTime } from '../../lib/time'
import { Button } from '../../ui/Button'
import { Icon } from '../../ui/Icon'
import { toast } from '../../ui/Toast'
import styles from './Account.module.css'
import { deviceOf } from './device'
import { sessionsQuery } from './queries'
import { List, Section } from './Section'

export function Sessions() {
  const { t } = useTranslation('account')
  const locale = useLocale()
  const message = useProblemMessage()
  const client = useQueryClient()
  const sessions = useQuery({
    ...sessionsQuery,
    select: ({ items }) => ({ items: items.filter(({ endedAt }) => !endedAt) }),
  })
  const end = useMutation({
    mutationFn: (session: string | undefined) =>
      session
        ? ok(api.DELETE('/api/v1/me/sessions/{session}', { params: { path: { session } } }))
        : ok(api.DELETE('/api/v1/me/sessions')),
    onSettled: () => client.invalidateQueries({ queryKey: sessionsQuery.queryKey }),
    onError: (error) => toast(message(error), { tone: 'bad' }),
  })
  return (
    <Section id="sessions" text={t('sessionsText')}>
      <List query={sessions} empty={t('noSessions')}>
        {(session) => (
          <li key={session.id} className={styles.item}>
            <div className={styles.device}>
              <Icon name="device" />
              <div>
                <strong>{deviceOf(session.userAgent ?? '') || t('unknownDevice')}</strong>
                <span className={styles.text}>
                  {session.current
                    ? t('thisDevice')
                    : t('usedAt', { time: formatTime(session.usedAt, locale, 'short') })}{' '}
                  · {session.address}
                </span>
              </div>
            </div>
            {!session.current && (
              <Button size="s" onClick={() => end.mutate(session.id)}>
                {t('endSession')}
              </Button>
            )}
          </li>
        )}
      </List>
      {(sessions.data?.items.length ?? 0) > 1 && (
        <div>
          <Button variant="danger" busy={end.isPending} onClick={() => end.mutate(undefined)}>
            {t('endOthers')}
          </Button>
        </div>
      )}
    </Section>
  )
}
