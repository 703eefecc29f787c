import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../../ui/Button'
import { Notice } from '../../ui/State'
import { Glyph } from '../ui/Glyph'
import styles from './InstallHint.module.css'

/** What some browsers offer once, to ask for when the person wants it. */
type InstallPrompt = Event & { prompt: () => Promise<unknown> }

const isInstalled = () => window.matchMedia('(display-mode: standalone)').matches

/** Apple's browsers have no prompt, only a way that has to be told. */
const isApple = () => /iPhone|iPad/.test(navigator.userAgent)

/** An installed door opens full-screen from the home screen, and the browser keeps what it stores. */
export function InstallHint() {
  const { t } = useTranslation('door')
  const [offer, setOffer] = useState<InstallPrompt>()
  useEffect(() => {
    const keep = (event: Event) => {
      event.preventDefault()
      setOffer(event as InstallPrompt)
    }
    window.addEventListener('beforeinstallprompt', keep)
    return () => window.removeEventListener('beforeinstallprompt', keep)
  }, [])
  if (isInstalled() || (!offer && !isApple())) return null
  return (
    <Notice>
      <div className={styles.hint}>
        <p>{t(offer ? 'install.text' : 'install.apple')}</p>
        {offer && (
          <Button size="s" onClick={() => void offer.prompt().then(() => setOffer(undefined))}>
            <Glyph name="install" size={18} /> {t('install.go')}
          </Button>
        )}
      </div>
    </Notice>
  )
}
