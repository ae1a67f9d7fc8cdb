// Preloaded into what is started for somebody (tools/start.mjs, the launcher of the distributed wiring): it stops as on
// SIGTERM when whoever started it is gone without a word.
import process from 'node:process';

const stop = () => process.kill(process.pid, 'SIGTERM');

if (process.channel) {
  // A session of its own, so a kill -9 of the launcher would leave it running; the channel closes at that moment.
  process.channel.unref();
  process.once('disconnect', stop);
} else if (process.env.npm_lifecycle_event) {
  // The shell of npm start became this process, so npm is the parent.
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    stop();
  }, 500).unref();
  // A closed terminal. From a signal on npm may end before us: another SIGTERM would mean "at once".
  process.on('SIGHUP', stop);
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => clearInterval(watch));
}
