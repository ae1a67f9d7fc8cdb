import { parentPort } from 'node:worker_threads';
import type { CodeCall } from './code-call.ts';
import { runGuest } from './guest.ts';
import { liveAt, liveInUtc } from './thread-clock.ts';
import type { ThreadMessage } from './thread-message.ts';

const port = parentPort;
if (!port) throw new Error('sandbox-thread runs in a thread');
const say = (message: ThreadMessage): void => port.postMessage(message);

liveInUtc();
port.on('message', (call: CodeCall) => {
  liveAt(call.nowMs);
  say({ kind: 'started' });
  runGuest(call, (line) => say({ kind: 'line', line })).then(
    (result) => say({ kind: 'done', result }),
    (error: unknown) => {
      throw error;
    },
  );
});
say({ kind: 'ready' });
