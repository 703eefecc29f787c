import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button, buttonClass } from '../../ui/Button'
import { cx } from '../../ui/cx'
import { Dialog } from '../../ui/Dialog'
import { Icon } from '../../ui/Icon'
import type { Door } from '../core/door'
import { useDoorState } from '../useDoor'
import { Glyph } from './Glyph'
import styles from './LinkState.module.css'
import { useClock } from './words'

/** Whether the server hears this device, what waits for it, and what cannot be known without it. */
export function LinkState({ door }: { door: Door }) {
  const { t } = useTranslation('door')
  const { link, outbox, waiting, elsewhere, pack, listedAt } = useDoorState(door)
  const [open, setOpen] = useState(false)
  const clock = useClock(pack)
  const trouble = outbox === 'signed_out' || outbox === 'not_allowed' ? outbox : undefined
  const isGood = link === 'up' && !trouble
  return (
    <>
      <button
        type="button"
        className={cx(styles.chip, isGood ? styles.good : styles.bad)}
        onClick={() => setOpen(true)}
      >
        {isGood ? <Glyph name="online" size={20} /> : <Icon name="offline" size={20} />}
        <span>{t(trouble ? `link.${trouble}` : `link.${link}`)}</span>
        {waiting > 0 && (
          <span className={styles.count}>
            {waiting}
            <span className="visually-hidden"> {t('link.wait')}</span>
          </span>
        )}
      </button>
      <Dialog open={open} onClose={() => setOpen(false)} title={t('link.title')}>
        <div className={styles.panel}>
          <p className={styles.strong}>{t(isGood ? 'link.upText' : 'link.downText')}</p>
          <p>{t('link.cannot')}</p>
          <p>{listedAt ? t('link.listed', { time: clock(listedAt) }) : t('link.noList')}</p>
          <p>{t('link.kept', { time: clock(pack.preparedAt) })}</p>
          {waiting > 0 && <p className={styles.strong}>{t('waiting', { count: waiting })}</p>}
          {elsewhere > 0 && <p>{t('elsewhere', { count: elsewhere })}</p>}
          {outbox === 'signed_out' && (
            <a
              className={buttonClass({ variant: 'primary' })}
              href={`/sign-in?next=${encodeURIComponent(location.pathname)}`}
            >
              {t('start.signIn')}
            </a>
          )}
          {outbox === 'not_allowed' && <p>{t('link.notAllowedText')}</p>}
          {waiting > 0 && outbox !== 'signed_out' && (
            <Button busy={outbox === 'sending'} onClick={() => void door.sendNow()}>
              {t('link.send')}
            </Button>
          )}
        </div>
      </Dialog>
    </>
  )
}
