import { useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Page, usePageTitle } from '../ui/Page'
import { ErrorState, Loading, Skeleton } from '../ui/State'
import type { Door } from './core/door'
import { ScanScreen } from './ScanScreen'
import { StartPanel } from './StartPanel'
import { DoorBar } from './ui/DoorBar'
import { useDoor, useDoorState } from './useDoor'

export function ScannerPage() {
  const { organizerId, eventId } = useParams({ from: '/door/$organizerId/$eventId' })
  const [attempt, setAttempt] = useState(0)
  const { door, error } = useDoor(organizerId, eventId, attempt)
  if (door) return <AtTheDoor door={door} />
  return (
    <>
      <DoorBar />
      <Page narrow>
        {error ? (
          <ErrorState isPage error={error} onRetry={() => setAttempt(attempt + 1)} />
        ) : (
          <Loading>
            <Skeleton lines={3} block="4rem" />
          </Loading>
        )}
      </Page>
    </>
  )
}

function AtTheDoor({ door }: { door: Door }) {
  const { t } = useTranslation('door')
  const [scanning, setScanning] = useState(false)
  const { pack } = useDoorState(door)
  usePageTitle(`${t('title')}: ${pack.eventName}`)
  return scanning ? (
    <ScanScreen door={door} onPause={() => setScanning(false)} />
  ) : (
    <StartPanel door={door} onStart={() => setScanning(true)} />
  )
}
