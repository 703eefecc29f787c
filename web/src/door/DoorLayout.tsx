import { Outlet } from '@tanstack/react-router'

export function DoorLayout() {
  return <Outlet />
}
