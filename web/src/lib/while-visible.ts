// SPDX-License-Identifier: Apache-2.0

/** Runs something while the page can be seen; the answer ends it. For $effect. */
export function whileVisible(running: { start(): void; stop(): void }): () => void {
  const follow = () => (document.visibilityState === 'visible' ? running.start() : running.stop());
  follow();
  document.addEventListener('visibilitychange', follow);
  return () => {
    document.removeEventListener('visibilitychange', follow);
    running.stop();
  };
}
