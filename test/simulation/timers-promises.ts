// Stands for `node:timers/promises` in this ring: pauses last virtual time.
import { presentTime } from './virtual-time.ts'

export const setTimeout = (delayMs = 0): Promise<void> => presentTime().pause(delayMs, '')
