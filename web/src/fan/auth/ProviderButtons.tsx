import { useMutation, useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { useProblemMessage } from '../../i18n/problem'
import { Button } from '../../ui/Button'
import { Notice } from '../../ui/State'
import { goToSignIn, providersQuery } from './providers'

/** One way in for each outside provider; nothing where there are none. `next`: where to go afterwards. */
export function ProviderButtons({ next }: { next: string | undefined }) {
  const { t } = useTranslation('auth')
  const message = useProblemMessage()
  const { data: providers = [] } = useQuery(providersQuery)
  const go = useMutation({ mutationFn: (provider: string) => goToSignIn(provider, next) })
  return (
    <>
      {go.isError && <Notice tone="bad">{message(go.error)}</Notice>}
      {providers.map(({ id, name }) => (
        <Button key={id} wide busy={go.isPending} onClick={() => go.mutate(id)}>
          {t('withProvider', { name })}
        </Button>
      ))}
    </>
  )
}
