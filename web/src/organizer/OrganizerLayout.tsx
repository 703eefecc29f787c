import { Outlet } from '@tanstack/react-router'

/** The calls of who looks in for the platform carry a reason from here on. */
import './look'

export function OrganizerLayout() {
  return <Outlet />
}
