/** What is done in one tab and changes what the others show: somebody signed in or out, or holds other places. */
type News = 'session' | 'holds'

const channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel('tabs') : undefined

/** Tells the other tabs, not this one. */
export function tell(news: News): void {
  channel?.postMessage(news)
}

export function onTold(news: News, listener: () => void): void {
  channel?.addEventListener('message', ({ data }) => {
    if (data === news) listener()
  })
}
