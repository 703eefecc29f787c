import { type FormEvent, useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { hasSession } from '../api/session'
import { serverNow } from '../lib/clock'
import { Button, buttonClass } from '../ui/Button'
import { EventTime } from '../ui/EventTime'
import { Checkbox, Field } from '../ui/Field'
import { Icon } from '../ui/Icon'
import { Page } from '../ui/Page'
import { Notice } from '../ui/State'
import { cameraOn, gate, setCameraOn, setGate } from './core/device'
import type { Door } from './core/door'
import { admits } from './core/judge'
import styles from './StartPanel.module.css'
import { signal, wakeSound } from './scan/signals'
import { DoorBar } from './ui/DoorBar'
import { Glyph } from './ui/Glyph'
import { useClock } from './ui/words'
import { useDoorState } from './useDoor'

/** As long as a gate's name may be for the server. */
const GATE_MAX = 60

/** Before the doors open: which gate this is, whether the device is ready, how it will sound. */
export function StartPanel({ door, onStart }: { door: Door; onStart: () => void }) {
  const { t } = useTranslation('door')
  const { pack, waiting, elsewhere, link, listedAt } = useDoorState(door)
  const clock = useClock(pack)
  const [name, setName] = useState(gate)
  const [missing, setMissing] = useState(false)
  const [camera, setCamera] = useState(cameraOn)
  useLasting()
  const { opens, closes } = admits(pack)
  const now = serverNow()
  const start = (event: FormEvent) => {
    event.preventDefault()
    if (!name.trim()) return setMissing(true)
    setGate(name)
    setCameraOn(camera)
    // This press is what lets the page sound from now on.
    wakeSound()
    onStart()
  }
  return (
    <>
      <DoorBar title={pack.eventName} under={pack.organizerName} />
      <Page narrow>
        <form className={styles.panel} onSubmit={start} noValidate>
          <header className={styles.head}>
            <h1>{t('start.title')}</h1>
            <p className={styles.when}>
              <EventTime at={pack.startsAt} zone={pack.timeZone} style="short" withViewer />
              <span>{pack.venueName}</span>
            </p>
          </header>

          {now < opens && <Notice tone="warn">{t('start.early', { time: clock(opens) })}</Notice>}
          {now > closes && <Notice tone="warn">{t('start.late', { time: clock(closes) })}</Notice>}

          <Field
            label={t('start.gate')}
            hint={t('start.gateHint')}
            error={missing && !name.trim() ? t('start.gateMissing') : undefined}
            value={name}
            maxLength={GATE_MAX}
            autoComplete="off"
            enterKeyHint="go"
            onChange={(event) => setName(event.target.value)}
          />

          <ul className={styles.ready} aria-label={t('start.ready')}>
            <Ready good text={t('start.keys', { time: clock(pack.preparedAt) })} />
            <Ready
              good={listedAt !== undefined}
              text={listedAt ? t('start.listed', { time: clock(listedAt) }) : t('start.noList')}
            />
            <Ready
              good={hasSession()}
              text={hasSession() ? t(link === 'up' ? 'start.online' : 'start.offline') : t('start.signedOut')}
            />
            {waiting > 0 && <Ready good={false} text={t('waiting', { count: waiting })} />}
            {elsewhere > 0 && <Ready good={false} text={t('elsewhere', { count: elsewhere })} />}
          </ul>
          {!hasSession() && (
            <a className={buttonClass()} href={`/sign-in?next=${encodeURIComponent(location.pathname)}`}>
              {t('start.signIn')}
            </a>
          )}

          <Checkbox
            label={t('start.camera')}
            hint={t('start.cameraHint')}
            checked={camera}
            onChange={(event) => setCamera(event.target.checked)}
          />

          <div className={styles.actions}>
            <Button type="submit" variant="primary" size="l" wide>
              {t('start.go')}
            </Button>
            <Button
              variant="quiet"
              onClick={() => {
                wakeSound()
                signal('go')
              }}
            >
              <Glyph name="sound" /> {t('start.sound')}
            </Button>
          </div>
        </form>
      </Page>
    </>
  )
}

function Ready({ good, text }: { good: boolean; text: string }) {
  return (
    <li className={good ? styles.good : styles.warn}>
      <Icon name={good ? 'check' : 'alert'} />
      <span>{text}</span>
    </li>
  )
}

/** Asks the browser not to clear what is kept here when space runs short. */
function useLasting() {
  useEffect(() => {
    void navigator.storage?.persist?.()
  }, [])
}
