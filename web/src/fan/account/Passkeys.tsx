import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import { useLocale } from '../../i18n'
import { useProblemMessage } from '../../i18n/problem'
import { formatTime } from '../../lib/time'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { Field } from '../../ui/Field'
import { Notice } from '../../ui/State'
import { passkeysWork } from '../auth/calls'
import styles from './Account.module.css'
import { ProofDialog } from './ProofDialog'
import { passkeysQuery } from './queries'
import { List, Section } from './Section'

type Passkey = { id: string; name: string }
type Attestation = { id: string; response: { attestationObject: string; clientDataJSON: string } }

export function Passkeys() {
  const { t } = useTranslation('account')
  const locale = useLocale()
  const client = useQueryClient()
  const passkeys = useQuery(passkeysQuery)
  const [adding, setAdding] = useState(false)
  const [removing, setRemoving] = useState<Passkey>()
  const [renaming, setRenaming] = useState<Passkey>()
  const [name, setName] = useState('')
  const changed = () => client.invalidateQueries({ queryKey: passkeysQuery.queryKey })
  return (
    <Section id="passkeys" text={t('passkeysText')}>
      <List query={passkeys} empty={t('noPasskeys')}>
        {(passkey) => (
          <li key={passkey.id} className={styles.item}>
            <div>
              <strong>{passkey.name}</strong>
              <span className={styles.text}>
                {t('since', { time: formatTime(passkey.createdAt, locale, 'short') })}
              </span>
            </div>
            <div className={styles.buttons}>
              <Button
                size="s"
                aria-label={t('renamePasskey', { name: passkey.name })}
                onClick={() => setRenaming(passkey)}
              >
                {t('rename')}
              </Button>
              <Button
                size="s"
                aria-label={t('removePasskey', { name: passkey.name })}
                onClick={() => setRemoving(passkey)}
              >
                {t('remove')}
              </Button>
            </div>
          </li>
        )}
      </List>
      {passkeysWork() ? (
        <div>
          <Button onClick={() => setAdding(true)}>{t('addPasskey')}</Button>
        </div>
      ) : (
        <Notice>{t('passkeysUnknown')}</Notice>
      )}
      {adding && (
        <ProofDialog
          title={t('addPasskey')}
          action={t('addPasskey')}
          onClose={() => setAdding(false)}
          run={async (proof) => {
            await addPasskey(name.trim(), proof)
            setName('')
            await changed()
          }}
        >
          <Field
            label={t('passkeyName')}
            hint={t('passkeyNameHint')}
            required
            maxLength={100}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </ProofDialog>
      )}
      {renaming && (
        <RenameDialog passkey={renaming} onDone={changed} onClose={() => setRenaming(undefined)} />
      )}
      {removing && (
        <ProofDialog
          title={t('removePasskey', { name: removing.name })}
          action={t('remove')}
          danger
          onClose={() => setRemoving(undefined)}
          run={async (proof) => {
            await ok(
              api.DELETE('/api/v1/me/passkeys/{passkey}', {
                params: { path: { passkey: removing.id } },
                body: proof,
              }),
            )
            await changed()
          }}
        />
      )}
    </Section>
  )
}

type RenameProps = { passkey: Passkey; onDone: () => Promise<void>; onClose: () => void }

/** A name opens nothing, so it changes without the password. */
function RenameDialog({ passkey, onDone, onClose }: RenameProps) {
  const { t } = useTranslation('account')
  const message = useProblemMessage()
  const [name, setName] = useState(passkey.name)
  const rename = useMutation({
    mutationFn: () =>
      ok(
        api.PATCH('/api/v1/me/passkeys/{passkey}', {
          params: { path: { passkey: passkey.id } },
          body: { name: name.trim() },
        }),
      ),
    onSuccess: async () => {
      await onDone()
      onClose()
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    rename.mutate()
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('renamePasskey', { name: passkey.name })}
      locked={rename.isPending}
    >
      <form className={styles.form} onSubmit={submit}>
        {rename.isError && <Notice tone="bad">{message(rename.error)}</Notice>}
        <Field
          label={t('passkeyName')}
          hint={t('passkeyNameHint')}
          required
          maxLength={100}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <Button variant="primary" size="l" type="submit" busy={rename.isPending}>
          {t('rename')}
        </Button>
      </form>
    </Dialog>
  )
}

async function addPasskey(name: string, proof: { password: string; otp?: string }) {
  const { publicKey } = await ok(api.POST('/api/v1/me/passkeys/challenge', { body: proof }))
  const options = PublicKeyCredential.parseCreationOptionsFromJSON(
    publicKey as unknown as PublicKeyCredentialCreationOptionsJSON,
  )
  const made = (await navigator.credentials.create({ publicKey: options })) as PublicKeyCredential
  const { id, response } = made.toJSON() as unknown as Attestation
  const { attestationObject, clientDataJSON } = response
  await ok(
    api.POST('/api/v1/me/passkeys', {
      body: { name, credential: { id, response: { attestationObject, clientDataJSON } } },
    }),
  )
}
