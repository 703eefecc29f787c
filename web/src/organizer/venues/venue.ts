import type { Schemas, Venue } from '../types'

export type VenueDraft = {
  name: string
  address: string
  city: string
  country: string
  timeZone: string
  latitude: string
  longitude: string
}

export const draftOf = (venue?: Venue): VenueDraft => ({
  name: venue?.name ?? '',
  address: venue?.address ?? '',
  city: venue?.city ?? '',
  country: venue?.country ?? '',
  timeZone: venue?.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
  latitude: venue?.latitude == null ? '' : String(venue.latitude),
  longitude: venue?.longitude == null ? '' : String(venue.longitude),
})

const degrees = (text: string): number | null => (text.trim() ? Number(text.replace(',', '.')) : null)
const within = (text: string, most: number) => !text.trim() || Math.abs(degrees(text) ?? Number.NaN) <= most

/** Fields that are wrong, with the name of the message. */
export function faultsOf(draft: VenueDraft): Record<string, 'required' | 'country' | 'degrees' | 'both'> {
  const faults: ReturnType<typeof faultsOf> = {}
  if (!draft.name.trim()) faults.name = 'required'
  if (!draft.city.trim()) faults.city = 'required'
  if (!/^[A-Za-z]{2}$/.test(draft.country.trim())) faults.country = 'country'
  if (!within(draft.latitude, 90)) faults.latitude = 'degrees'
  if (!within(draft.longitude, 180)) faults.longitude = 'degrees'
  if (!draft.latitude.trim() !== !draft.longitude.trim())
    faults[draft.latitude.trim() ? 'longitude' : 'latitude'] = 'both'
  return faults
}

export const bodyOf = (draft: VenueDraft): Schemas['NewVenue'] => ({
  name: draft.name.trim(),
  address: draft.address.trim() || null,
  city: draft.city.trim(),
  country: draft.country.trim().toUpperCase(),
  timeZone: draft.timeZone,
  latitude: degrees(draft.latitude),
  longitude: degrees(draft.longitude),
})
