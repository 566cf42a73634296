/**
 * xterm answers questions that programs ask of the terminal. When a stored stream is shown again its old questions must
 * not be answered a second time: the answers would arrive in the shell as typing.
 */

// biome-ignore lint/suspicious/noControlCharactersInRegex: replies of a terminal are control sequences.
const REPLY = /^(?:\x1b\[[?>=]?[\d;]*(?:c|n|R|\$y|u|t)|\x1b[P\]].*)$/s;

export function isReply(data: string): boolean {
  return REPLY.test(data);
}
