// Preloaded into the app by start.mjs. The app has a session of its own, so a kill -9 of the launcher would leave it
// running; the channel between them closes at that moment, and the app stops as it does on SIGTERM.
import process from 'node:process';

if (process.channel) {
  process.channel.unref();
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
}
