// In: a run of the workflows ring. Out: one Temporal server and one bundle for all its files.
import type { TestProject } from 'vitest/node'
import { type Ground, openGround } from './ground.ts'

declare module 'vitest' {
  interface ProvidedContext {
    ground: Ground
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { ground, close } = await openGround()
  project.provide('ground', ground)
  return close
}
