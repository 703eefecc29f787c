import { useCallback, useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { cx } from '../ui/cx'
import { Icon } from '../ui/Icon'
import { CameraView } from './CameraView'
import { cameraOn, gate } from './core/device'
import type { Door } from './core/door'
import { toneOf } from './core/judge'
import type { Scan } from './core/types'
import styles from './ScanScreen.module.css'
import { chosenCamera } from './scan/camera'
import { listenForHandScanner } from './scan/handScanner'
import { signal, wakeSound } from './scan/signals'
import { useWakeLock } from './scan/wakeLock'
import { ConflictsDialog, openConflicts } from './ui/ConflictsDialog'
import { DoorBar } from './ui/DoorBar'
import { FiguresDialog } from './ui/FiguresDialog'
import { Glyph, type GlyphName } from './ui/Glyph'
import { LastScans } from './ui/LastScans'
import { LinkState } from './ui/LinkState'
import { ManualDialog } from './ui/ManualDialog'
import { SettingsDialog } from './ui/SettingsDialog'
import { VerdictScreen } from './ui/VerdictScreen'
import { useDoorState } from './useDoor'

type Sheet = 'manual' | 'settings' | 'figures' | 'conflicts' | null

/** Scanning: a camera, the last answers, and little else to press by mistake. */
export function ScanScreen({ door, onPause }: { door: Door; onPause: () => void }) {
  const { t } = useTranslation('door')
  const { pack, scans, showing } = useDoorState(door)
  const [sheet, setSheet] = useState<Sheet>(null)
  const [again, setAgain] = useState<Scan | null>(null)
  const [camera, setCamera] = useState(cameraOn)
  // A new one replaces what was looked at again.
  const shown = showing ?? again
  const read = useCallback(
    (text: string) => {
      wakeSound()
      setAgain(null)
      void door.scan(text)
    },
    [door],
  )
  useWakeLock()
  useEffect(() => listenForHandScanner(read), [read])
  useEffect(() => {
    if (showing) signal(toneOf(showing.verdict))
  }, [showing])

  const admitted = scans.filter(({ verdict }) => verdict === 'admitted').length
  const conflicts = openConflicts(scans)
  return (
    <div className={styles.screen}>
      <DoorBar title={pack.eventName} under={gate()}>
        <LinkState door={door} />
      </DoorBar>

      <h1 className="visually-hidden">{t('scan.title', { event: pack.eventName })}</h1>
      <div className={styles.body}>
        <section className={styles.look} aria-label={t('scan.camera')}>
          {camera ? (
            <CameraView key={chosenCamera()} onRead={read} paused={sheet !== null} />
          ) : (
            <HandScannerOnly />
          )}
        </section>

        <section className={styles.side} aria-label={t('scan.figures')}>
          {conflicts.length > 0 && (
            <button type="button" className={styles.alarm} onClick={() => setSheet('conflicts')}>
              <Icon name="alert" size={24} />
              <span>{t('conflicts.open', { count: conflicts.length })}</span>
              <Icon name="next" />
            </button>
          )}
          <dl className={styles.counts}>
            <div>
              <dt>{t('scan.admitted')}</dt>
              <dd>{admitted}</dd>
            </div>
            <div>
              <dt>{t('scan.refused')}</dt>
              <dd>{scans.length - admitted}</dd>
            </div>
          </dl>
          <LastScans scans={scans} pack={pack} onOpen={setAgain} />
        </section>
      </div>

      <nav className={styles.tools} aria-label={t('scan.tools')}>
        <Tool glyph="keyboard" label={t('scan.manual')} onClick={() => setSheet('manual')} />
        <Tool glyph="figures" label={t('scan.stats')} onClick={() => setSheet('figures')} />
        <Tool glyph="tune" label={t('scan.settings')} onClick={() => setSheet('settings')} />
        <button type="button" className={cx(styles.tool, styles.pause)} onClick={onPause}>
          <Icon name="close" size={22} />
          <span>{t('scan.pause')}</span>
        </button>
      </nav>

      <ManualDialog
        open={sheet === 'manual'}
        barcodes={pack.barcodes}
        onClose={() => setSheet(null)}
        onRead={read}
      />
      <FiguresDialog open={sheet === 'figures'} onClose={() => setSheet(null)} scans={scans} pack={pack} />
      <SettingsDialog
        open={sheet === 'settings'}
        onClose={() => {
          setCamera(cameraOn())
          setSheet(null)
        }}
      />
      <ConflictsDialog open={sheet === 'conflicts'} onClose={() => setSheet(null)} door={door} />
      <VerdictScreen
        scan={shown}
        pack={pack}
        stays={!showing}
        onDone={() => {
          setAgain(null)
          door.dismiss()
        }}
      />
    </div>
  )
}

function Tool({ glyph, label, onClick }: { glyph: GlyphName; label: string; onClick: () => void }) {
  return (
    <button type="button" className={styles.tool} onClick={onClick}>
      <Glyph name={glyph} />
      <span>{label}</span>
    </button>
  )
}

function HandScannerOnly() {
  const { t } = useTranslation('door')
  return (
    <div className={styles.hand}>
      <Glyph name="keyboard" size={48} />
      <p>{t('scan.handOnly')}</p>
    </div>
  )
}
