import '../src/theme/fonts.css'
import '../src/theme/tokens.css'
import '../src/theme/base.css'
import { useState } from 'react'
import { createRoot } from 'react-dom/client'
import { api, ok } from '../src/api/client'
import type { EventPage } from '../src/api/types'
import { loadMessages, startI18n } from '../src/i18n'
import { SeatHeatMap, SeatMap } from '../src/seatmap'
import { applyTheme } from '../src/theme/theme'
import { Button } from '../src/ui/Button'

/** The seat map alone, for the tests that drive it: `?event=<id>`, and `&heat` for who watches the sale. */
function Page({ event }: { event: EventPage }) {
  const [selected, setSelected] = useState<readonly string[]>([])
  const [mine, setMine] = useState<readonly string[]>([])
  const [isHolding, setIsHolding] = useState(false)
  const [said, setSaid] = useState('')
  const hold = async () => {
    setIsHolding(true)
    try {
      const params = { path: { event: event.id } }
      const held = await ok(
        api.POST('/api/v1/events/{event}/holds', { params, body: { seats: [...selected] } }),
      )
      setMine((before) => [...before, ...held.seats.map(({ id }) => id)])
      setSelected([])
      setSaid(`held until ${held.expiresAt}`)
    } catch (error) {
      setSaid(String(error instanceof Error ? error.message : error))
    }
    setIsHolding(false)
  }
  return (
    <>
      <h2 className="visually-hidden">Seats</h2>
      <SeatMap
        event={event}
        selected={selected}
        onSelect={setSelected}
        mine={mine}
        isHolding={isHolding}
        onArea={(area) => setSaid(`area ${area}`)}
        onHoldExpiring={(_, seconds) => setSaid(`expiring in ${seconds}`)}
      />
      <Button disabled={selected.length === 0} onClick={hold}>
        Hold
      </Button>
      <output>{said}</output>
    </>
  )
}

const query = new URLSearchParams(location.search)
applyTheme()
await startI18n()
await loadMessages('seatmap')
const params = { path: { event: query.get('event') ?? '' } }
const event = await ok(api.GET('/api/v1/events/{event}', { params }))
createRoot(document.getElementById('root') as HTMLElement).render(
  <main>
    <h1 className="visually-hidden">{event.name}</h1>
    {query.has('heat') ? <SeatHeatMap event={event} /> : <Page event={event} />}
  </main>,
)
