let asked = { wish: '', key: '' }

/** The key under which a wish is sent: the same one until it is answered, or something else is wished for. */
export function keyOf(wish: string): string {
  if (asked.wish !== wish) asked = { wish, key: crypto.randomUUID() }
  return asked.key
}

/** After it was answered, or places were put on sale: under its key the server would answer with what was then. */
export function forgetWish(): void {
  asked = { wish: '', key: '' }
}
