import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { Checkbox, Field, Select } from '../../ui/Field'
import { cameraOn, gate, setCameraOn, setGate, setSoundOn, soundOn } from '../core/device'
import { type Camera, cameras, chooseCamera, chosenCamera } from '../scan/camera'
import { signal, wakeSound } from '../scan/signals'
import styles from './Sheets.module.css'

/** What this device does, whoever holds it. */
export function SettingsDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { t } = useTranslation('door')
  return (
    <Dialog open={open} onClose={onClose} title={t('settings.title')}>
      <Form onClose={onClose} />
    </Dialog>
  )
}

function Form({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation('door')
  const [name, setName] = useState(gate)
  const [sound, setSound] = useState(soundOn)
  const [camera, setCamera] = useState(cameraOn)
  const [chosen, setChosen] = useState(chosenCamera)
  const [found, setFound] = useState<Camera[]>([])
  useEffect(() => void cameras().then(setFound), [])
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault()
        if (name.trim()) setGate(name)
        setCameraOn(camera)
        if (chosen) chooseCamera(chosen)
        onClose()
      }}
    >
      <Field
        label={t('start.gate')}
        value={name}
        maxLength={60}
        autoComplete="off"
        onChange={(event) => setName(event.target.value)}
      />
      <Checkbox
        label={t('start.camera')}
        checked={camera}
        onChange={(event) => setCamera(event.target.checked)}
      />
      {found.length > 1 && (
        <Select
          label={t('settings.camera')}
          value={chosen}
          onChange={(event) => setChosen(event.target.value)}
        >
          <option value="">{t('settings.cameraAny')}</option>
          {found.map(({ id, label }) => (
            <option key={id} value={id}>
              {label}
            </option>
          ))}
        </Select>
      )}
      <Checkbox
        label={t('settings.sound')}
        hint={t('settings.soundHint')}
        checked={sound}
        onChange={(event) => {
          setSound(event.target.checked)
          setSoundOn(event.target.checked)
        }}
      />
      <fieldset className={styles.sounds}>
        <legend>{t('settings.listen')}</legend>
        {(['go', 'wait', 'stop'] as const).map((tone) => (
          <Button
            key={tone}
            size="s"
            onClick={() => {
              wakeSound()
              signal(tone)
            }}
          >
            {t(`settings.${tone}`)}
          </Button>
        ))}
      </fieldset>
      <Button type="submit" variant="primary" wide>
        {t('settings.done')}
      </Button>
    </form>
  )
}
