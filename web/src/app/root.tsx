import { createRootRoute } from '@tanstack/react-router'
import { Shell } from './Shell'

export const rootRoute = createRootRoute({ component: Shell })
