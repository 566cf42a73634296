/** What was found at GitHub for the words in the picker. Pure. */

interface Search {
  typed: string;
  /** Those that were looked for last. */
  words: string;
  /** What stands there was found for the words before, until an answer comes. */
  isPlaceholderData: boolean;
}

/** True while what stands there was found for other words than those that are typed: nobody has chosen it. */
export function isOld({ typed, words, isPlaceholderData }: Search): boolean {
  return isPlaceholderData || words !== typed.trim();
}
