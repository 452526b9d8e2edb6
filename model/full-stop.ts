// Ends a text of somebody else's as a sentence, so that another may follow it.

/** `It is held` and `It is held.` alike become `It is held.` */
export const withFullStop = (text: string): string => (/[.?!]\s*$/.test(text) ? text.trimEnd() : `${text}.`)
