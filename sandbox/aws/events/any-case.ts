// Texts in any case as EventBridge's matcher compares them, pure. In: a text of a pattern. Out: an expression for it.
// Never: Unicode's own folding; the matcher takes each UTF-16 unit of the pattern in its upper and its lower case, so "ß"
// matches SS but not ẞ, "ǅ" not itself, and a character beyond the basic plane matches nothing.

/** Of the whole value, its beginning or its end. */
export function toAnyCase(text: string, where: 'whole' | 'beginning' | 'end'): RegExp {
  const units = Array.from({ length: text.length }, (_, index) => text.charAt(index))
  // (?!) matches nowhere.
  const choices = units.map((unit) =>
    /[\uD800-\uDFFF]/.test(unit) ? '(?!)' : `(?:${quote(unit.toLowerCase())}|${quote(unit.toUpperCase())})`,
  )
  return new RegExp(`${where === 'end' ? '' : '^'}${choices.join('')}${where === 'beginning' ? '' : '$'}`)
}

const quote = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
