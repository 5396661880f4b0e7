// SPDX-License-Identifier: Apache-2.0
import { createSubscriber } from 'svelte/reactivity';
import { serverNow } from '../api';

const everySecond = createSubscriber((update) => {
  const timer = setInterval(update, 1000);
  return () => clearInterval(timer);
});

/** The server's time; what reads it in markup is drawn again every second. */
export function now(): number {
  everySecond();
  return serverNow();
}
