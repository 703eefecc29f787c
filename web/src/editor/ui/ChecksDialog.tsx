import { useTranslation } from 'react-i18next'
import { Button } from '../../ui/Button'
import { cx } from '../../ui/cx'
import { Dialog } from '../../ui/Dialog'
import { EmptyState } from '../../ui/State'
import { checkMap, type Finding } from '../model/checks'
import { type Editor, useEditing } from '../state'
import styles from './Dialogs.module.css'

type Props = { editor: Editor; open: boolean; onClose: () => void; onShow: () => void }

/** What is wrong or odd about the map; each finding leads to its place, and mends itself where that is plain. */
export function ChecksDialog({ editor, open, onClose, onShow }: Props) {
  const { t } = useTranslation('editor')
  return (
    <Dialog open={open} onClose={onClose} title={t('check.title')} wide>
      <Findings
        editor={editor}
        onShow={(finding) => {
          editor.select(finding.where)
          onClose()
          onShow()
        }}
      />
    </Dialog>
  )
}

function Findings({ editor, onShow }: { editor: Editor; onShow: (finding: Finding) => void }) {
  const { t } = useTranslation('editor')
  const { doc } = useEditing(editor)
  const findings = checkMap(doc)
  if (findings.length === 0) {
    return (
      <EmptyState icon="check" title={t('check.sound')}>
        {t('check.soundText')}
      </EmptyState>
    )
  }
  return (
    <ul className={styles.list}>
      {findings.map((finding, at) => (
        <li key={at} className={styles.finding}>
          <span className={cx(styles.badge, styles[finding.severity])}>{t(`check.${finding.severity}`)}</span>
          <p>{t(`check.${finding.name}`, { place: finding.place, count: finding.count })}</p>
          <span className={styles.buttons}>
            {finding.where.length > 0 && (
              <Button size="s" onClick={() => onShow(finding)}>
                {t('check.show')}
              </Button>
            )}
            {finding.fix && (
              <Button
                size="s"
                variant="primary"
                onClick={() => finding.fix && editor.run('fix', finding.fix)}
              >
                {t('check.fix')}
              </Button>
            )}
          </span>
        </li>
      ))}
    </ul>
  )
}
