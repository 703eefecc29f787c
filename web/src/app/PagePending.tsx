import { Page } from '../ui/Page'
import { Loading, Skeleton } from '../ui/State'

export function PagePending() {
  return (
    <Page>
      <Loading>
        <Skeleton block="3.5rem" />
        <Skeleton lines={6} />
      </Loading>
    </Page>
  )
}
