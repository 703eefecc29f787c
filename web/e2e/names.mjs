/** Roles that say nothing without a name. */
const NAMED = new Set(
  `RootWebArea alertdialog application button checkbox combobox dialog grid gridcell heading image img link
   listbox option radio searchbox slider spinbutton switch tab textbox timer`.split(/\s+/),
)

/** What of the page a screen reader would name by its role alone, from the browser's own accessibility tree. */
export async function nameless(page) {
  const session = await page.context().newCDPSession(page)
  const { nodes } = await session.send('Accessibility.getFullAXTree')
  await session.detach()
  return nodes
    .filter(({ ignored, role, name }) => !ignored && NAMED.has(role?.value) && !name?.value?.trim())
    .map(({ role, nodeId }) => `${role.value} ${nodeId}`)
}
