import { useTranslation } from 'react-i18next'
import { Dialog } from '../../ui/Dialog'
import styles from './Dialogs.module.css'

const KEYS = [
  ['V S A T G B H', 'tools'],
  ['← ↑ → ↓', 'nudge'],
  ['[ ]', 'turn'],
  ['Ctrl Z, Ctrl Shift Z', 'undo'],
  ['Ctrl D', 'duplicate'],
  ['Delete', 'remove'],
  ['Ctrl A', 'all'],
  ['Escape', 'escape'],
  ['+ − 0', 'zoom'],
  ['Space', 'pan'],
  ['← ↑ → ↓, Space', 'tree'],
] as const

export function KeysDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { t } = useTranslation('editor')
  return (
    <Dialog open={open} onClose={onClose} title={t('help.title')}>
      <dl className={styles.keys}>
        {KEYS.map(([keys, what]) => (
          <div key={what}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{t(`help.${what}`)}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}
