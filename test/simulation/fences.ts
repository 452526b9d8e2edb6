// The last fence of a product's hold, judged by what the world itself knows: Glue and the catalog objects. In: a world at rest.
// Out: Glue runs that began though their product had been held for longer than a try to start lasts. Pure.
// Never: blames a start that was on its way when the hold came.
import type { World } from './world.ts'

/** So long a try of `startGlueJob` may last. */
const LONGEST_TRY_MS = 60_000

export function checkFences({ glues, mesh }: Pick<World, 'glues' | 'mesh'>): string[] {
  const runs = [...glues.values()].flatMap((glue) => glue.runs)
  return runs.flatMap(({ id, startedAtMs, arguments: given }) => {
    const product = given['--sluice_product']
    const spell = mesh.heldSpells.find(
      ({ product: held, fromMs, untilMs }) =>
        held === product && fromMs + LONGEST_TRY_MS < startedAtMs && startedAtMs < (untilMs ?? Infinity),
    )
    if (!spell) return []
    return [`Glue run ${id} of ${product} began while it was held since ${new Date(spell.fromMs).toISOString()}`]
  })
}
