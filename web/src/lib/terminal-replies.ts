// SPDX-License-Identifier: Apache-2.0
// A terminal answers questions in its input ("where is the cursor?"). When old output is shown again after a reload,
// its old questions must not be answered again: the shell would take the answers for typing.

const reply = /^(?:\x1b\[[?>=]?[\d;]*(?:[cRnt]|\$y)|\x1b\[[IO]|\x1b[P\]_][^\x07\x1b]*(?:\x07|\x1b\\))+$/;

export function isTerminalReply(data: string): boolean {
  return reply.test(data);
}
